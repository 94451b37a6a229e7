// Never a byte of another version: data that contradicts, members that prove themselves, versions that end.
#include "group_fixture.h"

namespace balancefs::test {
namespace {

class RouteVersionTest : public GroupFixture {
 protected:
  using Standing = Version::Standing;

  /// Another file of the same size under the same name at one member.
  void replace_at(MemberIndex member) { members[member]->add_file("film", kFileSize, 0, 2); }
  void resize_at(MemberIndex member) { members[member]->add_file("film", kFileSize + 1); }
};

TEST_F(RouteVersionTest, AMemberWithAnotherTotalIsDivergentAndTheReadGoesOn) {
  build(2);
  auto version = film();
  resize_at(0);
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(version->standing(0), Standing::divergent);
  EXPECT_EQ(version->last_member(), 1);
  EXPECT_EQ(state(0), HealthState::closed) << "a difference is about the path, not about the member";
}

TEST_F(RouteVersionTest, ADivergentMemberIsNeverAskedAgainForThatVersion) {
  build(2);
  auto version = film();
  resize_at(0);
  for (int i = 0; i < 4; ++i) {
    auto reader = open(version);
    EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  }
  EXPECT_EQ(members[0]->counts.read, 1);
}

TEST_F(RouteVersionTest, AChangeInTheMiddleMovesTheHandle) {
  build(2);
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  version->mark_delivered();
  replace_at(0);
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  EXPECT_EQ(version->standing(0), Standing::divergent);
  EXPECT_FALSE(version->ended());
}

TEST_F(RouteVersionTest, WhenNoHolderRemainsADeliveredVersionEnds) {
  build(2);
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  version->mark_delivered();
  replace_at(0);
  resize_at(1);
  EXPECT_EQ(read(*reader, 1000, 1000).error().kind, ErrorKind::changed);
  EXPECT_TRUE(version->ended());
  const int asked = members[0]->counts.read;
  EXPECT_EQ(read(*reader, 2000, 1000).error().kind, ErrorKind::changed);
  EXPECT_EQ(members[0]->counts.read, asked) << "an ended version asks nobody";
}

TEST_F(RouteVersionTest, AVersionThatADrainedMemberStillHoldsDoesNotEnd) {
  std::vector<StorageOptions> options(2);
  options[1].enabled = false;
  build(2, options);
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  version->mark_delivered();
  replace_at(0);
  EXPECT_EQ(read(*reader, 1000, 1000).error().kind, ErrorKind::unavailable);
  EXPECT_FALSE(version->ended());
  EXPECT_EQ(members[1]->counts.read, 0);
  EXPECT_EQ(state(0), HealthState::closed);
}

TEST_F(RouteVersionTest, AnUndeliveredVersionIsLeftToFollow) {
  build(1);
  auto version = film();
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  replace_at(0);
  EXPECT_EQ(read(*reader, 1000, 1000).error().kind, ErrorKind::changed);
  EXPECT_FALSE(version->ended());
  version->follow();
  EXPECT_TRUE(read(*reader, 0, 2000).has_value());
}

TEST_F(RouteVersionTest, ARequestThatBeganBeforeTheVersionFollowedDeliversNothingMore) {
  build(1);
  auto version = film();
  auto reader = open(version);
  members[0]->bytes_per_second = 16 * 1024;
  RequestContext why(Priority::prefetch);
  StringSink sink;
  Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(0, 100'000), sink, why));
  t.pass(1500ms);
  const std::size_t before = sink.text.size();
  EXPECT_GT(before, 0u);
  version->follow();
  t.pass(10s);
  ASSERT_TRUE(flow.done());
  EXPECT_EQ(flow.take().error().kind, ErrorKind::changed);
  EXPECT_EQ(sink.text.size(), before);
  EXPECT_EQ(version->standing(0), Standing::unproven)
      << "the old state's failure says nothing about the new one";
}

// ---- proofs ---------------------------------------------------------------------------------------------

TEST_F(RouteVersionTest, AMemberShowsAdjoiningHeldBytesInTheSameRequest) {
  build(1);
  auto version = film();
  HeldStart held(100'000);
  version->set_held(&held);
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 100'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.ranges, (std::vector<ByteRange>{ByteRange(100'000 - 65'536, 65'536 + 1000)}));
  EXPECT_EQ(version->standing(0), Standing::proven);
  EXPECT_TRUE(read(*reader, 101'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.ranges.back(), ByteRange(101'000, 1000)) << "once is enough";
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AMemberShowsOtherHeldBytesInARequestBefore) {
  build(1);
  auto version = film();
  HeldStart held(10'000);
  version->set_held(&held);
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 200'000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.ranges,
            (std::vector<ByteRange>{ByteRange(0, 10'000), ByteRange(200'000, 1000)}));
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AMemberThatLiesAboutHeldBytesDeliversNothing) {
  for (const std::uint64_t held_count : {10'000U, 100'000U}) {
    SCOPED_TRACE(held_count);
    members.clear();
    if (group) t.run_void(group->close());
    build(2);
    auto version = film();
    HeldStart held(held_count);
    version->set_held(&held);
    members[0]->lie_about_bytes = true;
    auto reader = open(version);
    EXPECT_TRUE(read(*reader, 100'000, 50'000).has_value());
    EXPECT_EQ(version->standing(0), Standing::divergent);
    EXPECT_EQ(version->standing(1), Standing::proven);
    EXPECT_EQ(state(0), HealthState::closed);
    version->set_held(nullptr);
  }
}

TEST_F(RouteVersionTest, FailoverInTheMiddleProvesTheNextMember) {
  build(3);
  auto version = film();
  auto reader = open(version);
  members[0]->cut_read_at = 100'000;
  HeldStart held(90'000);
  members[1]->lie_about_bytes = true;
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  version->set_held(&held);
  EXPECT_TRUE(read(*reader, 90'000, 50'000).has_value());
  EXPECT_EQ(version->standing(1), Standing::divergent);
  EXPECT_EQ(version->last_member(), 2);
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AMemberWhoseBytesAreHeldNeedsNoProof) {
  build(1);
  auto version = film();
  HeldStart held(1000);
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  version->set_held(&held);
  EXPECT_TRUE(read(*reader, 1000, 1000).has_value());
  auto second = open(version);
  EXPECT_TRUE(read(*second, 5000, 1000).has_value());
  EXPECT_EQ(members[0]->counts.read, 3);
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AProofWorksWithoutRangesToo) {
  build(1);
  auto version = film();
  HeldStart held(30'000);
  version->set_held(&held);
  members[0]->no_ranges = true;
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 200'000, 1000).has_value());
  EXPECT_EQ(version->standing(0), Standing::proven);
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AMemberWithoutRangesShowsHeldBytesThatLieBehindTheRead) {
  build(1);
  auto version = film();
  HeldStart held(100'000);
  version->set_held(&held);
  members[0]->no_ranges = true;
  auto reader = open(version);
  EXPECT_TRUE(read(*reader, 0, 1000).has_value());
  EXPECT_EQ(version->standing(0), Standing::proven);
  version->set_held(nullptr);
}

TEST_F(RouteVersionTest, AMemberThatWasAskedBeforeAnothersBytesCameShowsThemBeforeItDelivers) {
  for (const bool lies : {false, true}) {
    SCOPED_TRACE(lies);
    members.clear();
    if (group) t.run_void(group->close());
    build(2);
    auto version = film();
    HeldStart held(10'000);
    members[0]->latency = 100ms;
    members[0]->lie_about_bytes = lies;
    auto reader = open(version);
    RequestContext why(Priority::demand);
    StringSink sink(200'000);
    Flow<Result<void>> flow(t.executor(), reader->read(ByteRange(200'000, 1000), sink, why));
    t.settle();
    version->set_held(&held);
    t.pass(1s);
    ASSERT_TRUE(flow.done());
    EXPECT_TRUE(flow.take().has_value());
    EXPECT_EQ(sink.text, ramp_bytes(200'000, 1000));
    EXPECT_EQ(version->last_member(), lies ? 1 : 0);
    EXPECT_EQ(version->standing(0), lies ? Standing::divergent : Standing::proven);
    ASSERT_GE(members[0]->counts.ranges.size(), 2u);
    EXPECT_EQ(members[0]->counts.ranges[1], ByteRange(0, 10'000));
    EXPECT_EQ(state(0), HealthState::closed);
    version->set_held(nullptr);
  }
}

}  // namespace
}  // namespace balancefs::test
