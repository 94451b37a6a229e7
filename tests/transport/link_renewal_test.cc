// Links that expire in the middle of a part, over the real transport: a CDN of which every link serves so
// many bytes, breaks off and then refuses.
#include <algorithm>
#include <list>

#include "http/range_reader.h"
#include "support/origin.h"
#include "support/ramp_bytes.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 4 << 20;

/// The CDN's script; Origin calls it from its threads, one at a time.
class ShortLivedLinks {
 public:
  explicit ShortLivedLinks(std::uint64_t life) : life_(life) {}

  std::optional<OriginReply> answer(const OriginRequest& request) {
    const std::string& range = request.headers.at("range");  // "bytes=FIRST-LAST"
    const std::uint64_t first = std::stoull(range.substr(6));
    const std::uint64_t length = std::stoull(range.substr(range.find('-') + 1)) + 1 - first;
    std::uint64_t& used = used_[request.query.at("sign")];
    if (used >= life_) return OriginReply(403, "text/html", "<html>link expired</html>\n");
    OriginReply reply(206, "application/octet-stream", "");
    reply.headers.emplace_back("Content-Range", "bytes " + range.substr(6) + "/" + std::to_string(kSize));
    reply.ramp = true;
    reply.offset = first;
    reply.length = length;
    if (used + length > life_) reply.cut_after = life_ - used;
    used += std::min(length, life_ - used);
    return reply;
  }

 private:
  std::uint64_t life_;
  std::map<std::string, std::uint64_t> used_;
};

class LinkRenewalOverOrigin : public TransportTest {
 protected:
  LinkRenewalOverOrigin() {
    origin.add_file("a.mkv", kSize);
    OriginLies sends;
    sends.redirect_to = cdn.url();
    origin.set_lies(sends);
    ObjectInfo info;
    info.size = kSize;
    const std::vector<ObjectInfo> copies(1, info);
    version = std::make_shared<Version>(1, *Path::parse("a.mkv"), copies);
    reader = make_range_reader(*transport, direct(), origin.url() + "/a.mkv", version, 0, true);
  }
  ~LinkRenewalOverOrigin() override { close(); }

  void serve_links_of(std::uint64_t life) {
    const auto links = std::make_shared<ShortLivedLinks>(life);
    cdn.set_script([links](const OriginRequest& request) { return links->answer(request); });
  }

  Origin origin;
  Origin cdn;
  std::shared_ptr<Version> version;
  std::unique_ptr<ObjectReader> reader;
};

TEST_F(LinkRenewalOverOrigin, APartIsReadOverLinksThatEachLastForAThirdOfIt) {
  serve_links_of(kSize / 3);
  StringSink sink;
  RequestContext why;
  ASSERT_TRUE(run(reader->read(ByteRange(0, kSize), sink, why)).has_value());
  EXPECT_TRUE(sink.text == ramp_bytes(0, kSize));
  EXPECT_EQ(origin.counts().redirects, 4u) << "three thirds and the byte that is left by rounding";
  EXPECT_EQ(transport->active(), 0u);
}

TEST_F(LinkRenewalOverOrigin, PartsThatRunAtOnceOutliveTheirLinks) {
  serve_links_of(kSize / 3);
  constexpr std::uint64_t kPart = kSize / 8;
  std::list<StringSink> sinks;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<void>>> flows;
  for (std::uint64_t i = 0; i < 8; ++i) {
    auto& into = sinks.emplace_back(i * kPart);
    flows.emplace_back(loop.get_executor(),
                       reader->read(ByteRange(i * kPart, kPart), into, contexts.emplace_back()));
  }
  ASSERT_TRUE(
      wait_until([&] { return std::all_of(flows.begin(), flows.end(), [](auto& f) { return f.done(); }); }));
  for (auto& flow : flows) EXPECT_TRUE(flow.take().has_value());
  std::uint64_t at = 0;
  for (const auto& into : sinks) EXPECT_TRUE(into.text == ramp_bytes(kPart * at++, kPart));
  // Four links have enough bytes. A part that is refused twice resolves for itself, so that links which serve
  // one request each starve nobody: then some more, as the parts happen to run.
  EXPECT_LT(origin.counts().redirects, 8u) << "a renewal serves all parts that wait for it";
}

}  // namespace
}  // namespace balancefs::test
