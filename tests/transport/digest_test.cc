// Digest authentication against lighttpd.
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "support/servers.h"
#include "support/shaper.h"
#include "transport/child.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

constexpr std::string_view kConfig =
    R"(server.modules = ( "mod_auth", "mod_authn_file", "mod_webdav" )
server.bind = "127.0.0.1"
server.port = {port}
server.document-root = "{scratch}/root"
webdav.activate = "enable"
webdav.is-readonly = "enable"
auth.backend = "htdigest"
auth.backend.htdigest.userfile = "{scratch}/users"
auth.require = ( "/" => ( "method" => "digest", "realm" => "test", "require" => "valid-user" ) )
)";

class Digest : public TransportTest {
 protected:
  Digest() {
    const std::string folder = scratch.path().string();
    write_file(scratch.path() / "root" / "a", "0123456789");
    // htdigest's line: user, realm, MD5("alice:test:secret").
    write_file(scratch.path() / "users", "alice:test:" + md5("alice:test:secret") + "\n");
    write_file(scratch.path() / "lighttpd.conf",
               fmt::format(kConfig, fmt::arg("port", port), fmt::arg("scratch", folder)));
    std::vector<std::string> command = {"lighttpd", "-D", "-f", folder + "/lighttpd.conf"};
    server = std::make_unique<Child>(command);
    EXPECT_TRUE(Child::answers(port));
    proxy = std::make_unique<Shaper>(port);
    options->user = "alice";
    options->password = Secret("secret");
  }
  ~Digest() override { close(); }

  std::string md5(const std::string& text) const {
    write_file(scratch.path() / "text", text);
    const std::string line = fmt::format("md5sum < {0}/text > {0}/sum", scratch.path().string());
    EXPECT_EQ(std::system(line.c_str()), 0);
    return read("sum").substr(0, 32);
  }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(scratch.path() / name).rdbuf();
    return text.str();
  }
  HttpRequest find() {
    HttpRequest request = get(proxy->url() + "/", options);
    request.method = "PROPFIND";
    request.headers.emplace_back("Depth", "1");
    request.headers.emplace_back("Content-Type", "application/xml");
    request.body = "<?xml version=\"1.0\"?><propfind xmlns=\"DAV:\"><allprop/></propfind>";
    return request;
  }

  ScratchDirectory scratch;
  int port = free_port();
  std::unique_ptr<Child> server;
  std::unique_ptr<Shaper> proxy;  ///< counts
  std::shared_ptr<HttpOptions> options = direct();
  CollectingBody body;
};

TEST_F(Digest, IsLearnedOnceAndItsNonceIsUsedAgain) {
  for (int i = 0; i < 5; ++i) {
    const auto head = send(find(), body);
    ASSERT_TRUE(head.has_value()) << head.error().text;
    EXPECT_EQ(head->status, 207);
  }
  EXPECT_EQ(body.statuses, std::vector<int>(5, 207)) << "the handler never sees the negotiation";
  EXPECT_EQ(proxy->counts().requests, 6u) << "one was refused";
}

TEST_F(Digest, WorksWhenNamedAndFailsWithAWrongPassword) {
  options->auth = HttpOptions::Auth::digest;
  CollectingBody data;
  ASSERT_TRUE(send(get(fmt::format("http://127.0.0.1:{}/a", port), options), data).has_value());
  EXPECT_EQ(data.sink.text, "0123456789");
  auto wrong = std::make_shared<HttpOptions>(*options);
  wrong->password = Secret("wrong");
  const auto head = send(get(fmt::format("http://127.0.0.1:{}/a", port), wrong), body);
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->status, 401);
}

}  // namespace
}  // namespace balancefs::test
