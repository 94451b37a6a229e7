// A group over members that fail on order: whatever goes wrong at two of three, the bytes are right.
#include <rapidcheck.h>

#include "group_fixture.h"
#include "support/failing_storage.h"

namespace balancefs::test {
namespace {

using Call = FailingStorage::Call;
using Fault = FailingStorage::Fault;

class FaultsTest : public ::testing::Test {
 protected:
  /// Three members behind decorators, and the version of their file.
  struct Built {
    TestLoop t;
    std::vector<FailingStorage*> failing;
    std::unique_ptr<Group> group;
    std::shared_ptr<Version> version;

    Built() {
      std::vector<GroupMember> list;
      std::vector<ObjectInfo> copies;
      for (MemberIndex i = 0; i < 3; ++i) {
        auto fake = std::make_unique<FakeStorage>(fmt::format("/pt.balance{}", i), t.executor(), t.clock);
        fake->add_file("film", kFileSize);
        copies.push_back(fake->nodes["film"].info);
        copies.back().member = i;
        auto decorated = std::make_unique<FailingStorage>(std::move(fake), t.clock);
        failing.push_back(decorated.get());
        list.emplace_back(std::move(decorated), StorageOptions());
      }
      GroupContext context(t.executor(), t.clock);
      group = std::make_unique<Group>("/pt", std::move(list), std::move(context));
      version = std::make_shared<Version>(1, *Path::parse("film"), copies);
    }
    ~Built() {
      for (FailingStorage* member : failing) member->release();
      t.run_void(group->close());
    }
    Result<std::string> read(ObjectReader& reader, std::uint64_t offset, std::uint64_t count) {
      RequestContext why(Priority::demand);
      StringSink sink(offset);
      const Result<void> outcome = t.run(reader.read(ByteRange(offset, count), sink, why));
      if (!outcome) return std::unexpected<Error>(outcome.error());
      return sink.text;
    }
  };
};

Fault random_fault() {
  Fault fault(Call::read, *rc::gen::inRange(1, 8));
  fault.after = *rc::gen::inRange<std::uint64_t>(0, 100'000);
  fault.delay = std::chrono::milliseconds(*rc::gen::inRange(0, 2000));
  fault.stall = *rc::gen::arbitrary<bool>();
  const ErrorKind kind =
      *rc::gen::element(ErrorKind::not_found, ErrorKind::denied, ErrorKind::throttled, ErrorKind::unavailable,
                        ErrorKind::stalled, ErrorKind::timed_out, ErrorKind::corrupted);
  fault.error = Error(kind, "as ordered");
  return fault;
}

TEST_F(FaultsTest, OneSoundMemberIsEnoughForEveryByte) {
  EXPECT_TRUE(rc::check("reads succeed and are right while one member is sound", [] {
    Built built;
    const auto sound = *rc::gen::inRange<std::size_t>(0, 3);
    for (std::size_t i = 0; i < 3; ++i) {
      const int count = i == sound ? 0 : *rc::gen::inRange(0, 6);
      for (int k = 0; k < count; ++k) built.failing[i]->add(random_fault());
    }
    auto reader = built.group->open(built.version, 0);
    for (int k = 0; k < 6; ++k) {
      const auto offset = *rc::gen::inRange<std::uint64_t>(0, kFileSize - 100'000);
      const auto count = *rc::gen::inRange<std::uint64_t>(1, 100'000);
      const Result<std::string> bytes = built.read(*reader, offset, count);
      RC_ASSERT(bytes.has_value());
      RC_ASSERT(*bytes == ramp_bytes(offset, count));
    }
  }));
}

TEST_F(FaultsTest, AStallInTheMiddleGoesOnElsewhereFromThatByte) {
  Built built;
  Fault fault(Call::read, 1);
  fault.after = 70'000;
  fault.stall = true;
  built.failing[0]->add(fault);
  auto reader = built.group->open(built.version, 0);
  EXPECT_EQ(*built.read(*reader, 0, kFileSize), ramp_bytes(0, kFileSize));
  EXPECT_EQ(built.failing[1]->calls(Call::read), 1);
}

TEST_F(FaultsTest, TheThirdCallFailsAndTheFourthPasses) {
  Built built;
  built.failing[0]->add(Fault(Call::probe, 3, 0, refused()));
  RequestContext why;
  for (const bool works : {true, true, false, true}) {
    EXPECT_EQ(built.t.run(built.failing[0]->probe(why)).has_value(), works);
  }
}

TEST_F(FaultsTest, AListingIsCutAfterSomeEntries) {
  Built built;
  built.failing[0]->add(Fault(Call::list, 0, 0, Error(ErrorKind::corrupted, "cut")));
  CollectingListing listing;
  RequestContext why;
  EXPECT_EQ(built.t.run(built.failing[0]->list(Path(), listing, why)).error().kind, ErrorKind::corrupted);
  EXPECT_TRUE(listing.entries.empty());
  built.failing[0]->clear();
  EXPECT_TRUE(built.t.run(built.failing[0]->list(Path(), listing, why)).has_value());
  EXPECT_EQ(listing.entries.size(), 1u);
}

TEST_F(FaultsTest, AttributesComeLateOrNotAtAll) {
  Built built;
  Fault late(Call::stat, 1);
  late.delay = 4s;
  built.failing[0]->add(late);
  built.failing[0]->add(Fault(Call::stat, 2, 0, refused()));
  RequestContext why;
  const TimePoint begun = built.t.clock.now();
  EXPECT_TRUE(built.t.run(built.failing[0]->stat(*Path::parse("film"), why)).has_value());
  EXPECT_EQ(built.t.clock.now() - begun, 4s);
  EXPECT_FALSE(built.t.run(built.failing[0]->stat(*Path::parse("film"), why)).has_value());
}

}  // namespace
}  // namespace balancefs::test
