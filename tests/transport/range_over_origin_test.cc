// The range reader over the real transport, against an origin that lies and a proxy with faults.
#include <fmt/format.h>

#include <list>

#include "http/range_reader.h"
#include "support/origin.h"
#include "support/ramp_bytes.h"
#include "support/shaper.h"
#include "transport/transport_fixture.h"

namespace balancefs::test {
namespace {

constexpr std::uint64_t kSize = 1 << 20;

class RangeOverOrigin : public TransportTest {
 protected:
  RangeOverOrigin() {
    origin.add_file("films/a b.mkv", kSize, 7);
    open(origin.url());
  }

  void open(const std::string& server) {
    ObjectInfo info;
    info.size = kSize;
    version = std::make_shared<Version>(1, *Path::parse("films/a b.mkv"), std::vector<ObjectInfo>{info});
    reader = make_range_reader(*transport, options, server + "/films/a%20b.mkv", version, 0, true);
  }

  Result<void> read(std::uint64_t offset, std::uint64_t length) {
    sink = StringSink(offset);
    RequestContext why;
    why.deadline = clock.now() + 30s;
    return run(reader->read(ByteRange(offset, length), sink, why));
  }
  ErrorKind failure(std::uint64_t offset, std::uint64_t length) {
    const auto result = read(offset, length);
    EXPECT_FALSE(result.has_value());
    EXPECT_EQ(sink.text, ramp_bytes(offset, sink.text.size(), 7)) << "what was delivered is right";
    return result ? ErrorKind::cancelled : result.error().kind;
  }
  bool right() const {
    return sink.text == ramp_bytes(sink.position() - sink.text.size(), sink.text.size(), 7);
  }

  ~RangeOverOrigin() override { close(); }

  Origin origin;
  Origin cdn;
  std::shared_ptr<HttpOptions> options = direct();
  std::shared_ptr<Version> version;
  std::unique_ptr<ObjectReader> reader;
  StringSink sink;
};

TEST_F(RangeOverOrigin, ReadsRanges) {
  ASSERT_TRUE(read(0, 1000).has_value());
  ASSERT_TRUE(read(kSize - 1000, 1000).has_value());
  EXPECT_TRUE(right());
  EXPECT_EQ(sink.text.size(), 1000u);
}

TEST_F(RangeOverOrigin, EveryLieIsFoundOut) {
  ASSERT_TRUE(read(0, 1000).has_value());
  OriginLies lies;
  lies.login_page = true;
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::corrupted);
  lies = OriginLies();
  lies.wrong_range = true;
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::corrupted);
  lies = OriginLies();
  lies.other_etag = true;
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::changed);
  lies = OriginLies();
  lies.content_encoding = true;
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::corrupted);
  lies = OriginLies();
  lies.cut_after = 500;
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::corrupted);
  EXPECT_EQ(sink.text.size(), 500u);
  lies = OriginLies();
  lies.status = 429;
  lies.retry_after = "9";
  origin.set_lies(lies);
  EXPECT_EQ(failure(1000, 1000), ErrorKind::throttled);
  origin.set_lies(OriginLies());
  EXPECT_TRUE(read(1000, 1000).has_value());
  EXPECT_EQ(transport->active(), 0u);
}

TEST_F(RangeOverOrigin, ShortRangesAreAskedOn) {
  OriginLies lies;
  lies.longest_range = 300;
  origin.set_lies(lies);
  ASSERT_TRUE(read(100, 1000).has_value());
  EXPECT_TRUE(right());
  EXPECT_EQ(origin.counts().ranges.size(), 4u);
}

TEST_F(RangeOverOrigin, AServerWithoutRangesIsReadFromTheStartOnly) {
  OriginLies lies;
  lies.ignore_range = true;
  origin.set_lies(lies);
  ASSERT_TRUE(read(0, 1000).has_value());
  EXPECT_EQ(sink.text, ramp_bytes(0, 1000, 7));
  EXPECT_EQ(failure(1000, 1000), ErrorKind::unsupported);
  RequestContext why;
  why.sequential_fallback = true;
  StringSink late(200'000);
  ASSERT_TRUE(run(reader->read(ByteRange(200'000, 1000), late, why)).has_value());
  EXPECT_EQ(late.text, ramp_bytes(200'000, 1000, 7));
}

TEST_F(RangeOverOrigin, ACdnServesTheDataAndNeverSeesAPassword) {
  cdn.add_file("films/a b.mkv", kSize, 7);
  cdn.set_etag_prefix("cdn-");
  OriginLies signs;
  signs.signed_only = true;
  cdn.set_lies(signs);
  OriginLies sends;
  sends.redirect_to = cdn.url();
  sends.user = "alice";
  sends.password = "secret";
  origin.set_lies(sends);
  options->user = "alice";
  options->password = Secret("secret");
  ASSERT_TRUE(read(0, 1000).has_value());
  ASSERT_TRUE(read(5000, 1000).has_value());
  EXPECT_TRUE(right());
  EXPECT_EQ(origin.counts().redirects, 1u) << "the target is reused";
  cdn.expire_links();
  ASSERT_TRUE(read(9000, 1000).has_value());
  EXPECT_TRUE(right());
  EXPECT_EQ(origin.counts().redirects, 2u);
  EXPECT_EQ(cdn.counts().authorizations, 0u);
  EXPECT_GE(origin.counts().authorizations, 1u);
}

TEST_F(RangeOverOrigin, LinksThatAnswerOnceServeManyReadsAtOnce) {
  cdn.add_file("films/a b.mkv", kSize, 7);
  OriginLies signs;
  signs.signed_only = true;
  signs.link_uses = 1;
  cdn.set_lies(signs);
  OriginLies sends;
  sends.redirect_to = cdn.url();
  origin.set_lies(sends);
  std::list<StringSink> sinks;
  std::list<RequestContext> contexts;
  std::list<Flow<Result<void>>> flows;
  for (std::uint64_t i = 0; i < 16; ++i) {
    auto& into = sinks.emplace_back(i * 1000);
    flows.emplace_back(loop.get_executor(),
                       reader->read(ByteRange(i * 1000, 1000), into, contexts.emplace_back()));
  }
  ASSERT_TRUE(
      wait_until([&] { return std::all_of(flows.begin(), flows.end(), [](auto& f) { return f.done(); }); }));
  for (auto& flow : flows) EXPECT_TRUE(flow.take().has_value());
  std::uint64_t at = 0;
  for (const auto& into : sinks) EXPECT_EQ(into.text, ramp_bytes(1000 * at++, 1000, 7));
}

TEST_F(RangeOverOrigin, FaultsOfTheNetworkHaveTheirKinds) {
  Shaper shaper(origin.port());
  open(shaper.url());
  ASSERT_TRUE(read(0, 1000).has_value());
  const std::pair<ShaperFault, ErrorKind> rows[] = {
      {ShaperFault::refuse, ErrorKind::unavailable},
      {ShaperFault::reset, ErrorKind::unavailable},
      {ShaperFault::unavailable, ErrorKind::unavailable},
      {ShaperFault::throttled, ErrorKind::throttled},
      {ShaperFault::not_found, ErrorKind::not_found},
      {ShaperFault::wrong_range, ErrorKind::corrupted},
      {ShaperFault::ignore_range, ErrorKind::unsupported},
      {ShaperFault::other_etag, ErrorKind::changed},
      {ShaperFault::cut, ErrorKind::corrupted},
  };
  for (const auto& [fault, kind] : rows) {
    shaper.set_fault(fault, 100);
    EXPECT_EQ(failure(4000, 1000), kind) << "fault " << static_cast<int>(fault);
    shaper.set_fault(ShaperFault::none);
    ASSERT_TRUE(read(4000, 1000).has_value()) << "after fault " << static_cast<int>(fault);
    EXPECT_TRUE(right());
  }
}

TEST_F(RangeOverOrigin, AStalledConnectionEndsAtTheDeadline) {
  Shaper shaper(origin.port());
  open(shaper.url());
  ASSERT_TRUE(read(0, 1000).has_value());
  shaper.set_fault(ShaperFault::stall);
  StringSink into(0);
  RequestContext why;
  why.deadline = clock.now() + 300ms;
  const auto result = run(reader->read(ByteRange(0, 1000), into, why));
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().kind, ErrorKind::timed_out);
  shaper.set_fault(ShaperFault::none);
  EXPECT_TRUE(read(0, 1000).has_value());
}

TEST_F(RangeOverOrigin, ConnectionsAreReusedAcrossManyParts) {
  Shaper shaper(origin.port());
  open(shaper.url());
  for (std::uint64_t i = 0; i < 50; ++i) ASSERT_TRUE(read(i * 1000, 1000).has_value());
  EXPECT_EQ(shaper.counts().connections, 1u);
  EXPECT_EQ(shaper.counts().requests, 50u);
}

TEST_F(RangeOverOrigin, TheShaperKeepsItsRates) {
  ShaperSettings settings;
  settings.per_connection = 4 << 20;
  settings.round_trip = 20ms;
  Shaper shaper(origin.port(), settings);
  open(shaper.url());
  const TimePoint begun = clock.now();
  ASSERT_TRUE(read(0, kSize).has_value());
  EXPECT_TRUE(right());
  EXPECT_GE(clock.now() - begun, 240ms) << "1 MiB at 4 MiB/s";
  EXPECT_EQ(shaper.counts().most_open, 1u);
}

}  // namespace
}  // namespace balancefs::test
