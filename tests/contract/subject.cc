#include "contract/subject.h"

#include <filesystem>

#include "balance/group.h"
#include "http/curl_transport.h"
#include "names/nfc_storage.h"
#include "storage/registry.h"
#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/servers.h"

namespace balancefs::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

class FakeSubject final : public Subject {
 public:
  FakeSubject() {
    auto made = std::make_unique<FakeStorage>("/fake", loop.executor(), loop.clock);
    fake_ = made.get();
    fake_->bytes_per_second = 1'000'000'000;
    storage = std::move(made);
  }
  ~FakeSubject() override { loop.run_void(storage->close()); }
  void add_file(const std::string& path, std::uint64_t size, std::uint32_t seed) override {
    fake_->add_file(path, size, seed, ++revision_);
  }
  void add_directory(const std::string& path) override { fake_->add_directory(path); }
  void stop() override { fake_->fail_everything = Error(ErrorKind::unavailable, "stopped"); }
  void restart() override { fake_->fail_everything.reset(); }
  std::size_t active_requests() override { return static_cast<std::size_t>(fake_->counts.running); }

 private:
  FakeStorage* fake_;
  int revision_ = 0;
};

/// Content in a directory.
class DirectorySubject : public Subject {
 public:
  void add_file(const std::string& path, std::uint64_t size, std::uint32_t seed) override {
    write_file(root() / path, ramp_bytes(0, size, seed));
    // Servers tell seconds; a file that is written again must look newer.
    age_ -= 10s;
    fs::last_write_time(root() / path, fs::file_time_type::clock::now() - age_);
  }
  void add_directory(const std::string& path) override { fs::create_directories(root() / path); }
  virtual const fs::path& root() const = 0;

 private:
  std::chrono::seconds age_ = 24h;
};

class ServerSubject final : public DirectorySubject {
 public:
  explicit ServerSubject(ServerKind kind) : server_(kind, ServerOptions()), http_(loop.loop, loop.clock) {
    StorageOptions options;
    options.path = "/tested";
    options.type = is_webdav(kind) ? "webdav" : "http";
    options.url = server_.url();
    StorageContext context(loop.executor(), loop.clock, http_);
    storage = std::move(make_storage(options, context).value());
    const std::string_view name = to_string(kind);
    ranges = kind != ServerKind::python_http;
    any_bytes_in_names = kind != ServerKind::python_http && !name.starts_with("lighttpd");
    hides_dot_names = name.starts_with("nginx") || kind == ServerKind::lighttpd_index;
  }
  ~ServerSubject() override {
    loop.run_void(storage->close());
    loop.run_void(http_.close());
  }
  const fs::path& root() const override { return server_.root(); }
  void stop() override { server_.stop(); }
  void restart() override { server_.start(); }
  std::size_t active_requests() override { return http_.active(); }

 private:
  Server server_;
  CurlTransport http_;
};

/// Members that serve the same directory, each by a server of its own.
class GroupSubject final : public DirectorySubject {
 public:
  explicit GroupSubject(std::size_t count) : http_(loop.loop, loop.clock) {
    members = count;
    hides_dot_names = true;  // nginx
    std::vector<GroupMember> list;
    StorageContext context(loop.executor(), loop.clock, http_);
    for (std::size_t i = 0; i < count; ++i) {
      ServerOptions served;
      served.root = scratch_.path() / "root";
      servers_.push_back(start_server(ServerKind::nginx_webdav, served));
      StorageOptions options;
      options.path = "/tested.balance" + std::to_string(i);
      options.type = "webdav";
      options.url = servers_.back()->url();
      list.emplace_back(std::move(make_storage(options, context).value()), options);
    }
    storage = std::make_unique<Group>("/tested", std::move(list), GroupContext(loop.executor(), loop.clock));
  }
  ~GroupSubject() override {
    loop.run_void(storage->close());
    loop.run_void(http_.close());
  }
  const fs::path& root() const override { return servers_.front()->root(); }
  void stop() override {
    for (const auto& server : servers_) server->stop();
  }
  void restart() override {
    for (const auto& server : servers_) server->start();
  }
  std::size_t active_requests() override { return http_.active(); }

 private:
  ScratchDirectory scratch_;
  CurlTransport http_;
  std::vector<std::unique_ptr<Server>> servers_;
};

class LocalSubject final : public DirectorySubject {
 public:
  explicit LocalSubject(GroupOptions::Names names)
      : root_(scratch_.path() / "root"), http_(loop.loop, loop.clock) {
    fs::create_directory(root_);
    StorageOptions options;
    options.path = "/tested";
    options.type = "local";
    options.root = root_.string();
    StorageContext context(loop.executor(), loop.clock, http_);
    storage = with_names(std::move(make_storage(options, context).value()), names, loop.clock);
  }
  ~LocalSubject() override {
    loop.run_void(storage->close());
    loop.run_void(http_.close());
  }
  const fs::path& root() const override { return root_; }
  void stop() override { fs::rename(root_, scratch_.path() / "away"); }
  void restart() override { fs::rename(scratch_.path() / "away", root_); }
  std::size_t active_requests() override { return 0; }

 private:
  ScratchDirectory scratch_;
  fs::path root_;
  CurlTransport http_;
};

std::unique_ptr<Subject> make_fake(int) {
  return std::make_unique<FakeSubject>();
}
std::unique_ptr<Subject> make_group(int count) {
  return std::make_unique<GroupSubject>(static_cast<std::size_t>(count));
}
std::unique_ptr<Subject> make_local(int names) {
  return std::make_unique<LocalSubject>(static_cast<GroupOptions::Names>(names));
}
std::unique_ptr<Subject> make_server(int kind) {
  return std::make_unique<ServerSubject>(static_cast<ServerKind>(kind));
}

}  // namespace

void PrintTo(const SubjectKind& kind, std::ostream* out) {
  *out << kind.name;
}

std::vector<SubjectKind> all_subjects() {
  std::vector<SubjectKind> out = {{"fake", &make_fake, 0},
                                  {"local", &make_local, static_cast<int>(GroupOptions::Names::as_sent)},
                                  {"local_in_nfc", &make_local, static_cast<int>(GroupOptions::Names::nfc)},
                                  {"group_of_one", &make_group, 1},
                                  {"group_of_three", &make_group, 3}};
  for (int kind = 0; kind <= static_cast<int>(ServerKind::python_http); ++kind) {
    out.push_back({std::string(to_string(static_cast<ServerKind>(kind))), &make_server, kind});
  }
  return out;
}

}  // namespace balancefs::test
