// A group of fake members on a manual clock, and what its tests ask of it.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "balance/accounts.h"
#include "balance/group.h"
#include "support/fake_storage.h"
#include "support/ramp_bytes.h"
#include "support/sinks.h"
#include "support/test_loop.h"

namespace balancefs::test {

using namespace std::chrono_literals;

constexpr std::uint64_t kFileSize = 400'000;

inline Error refused() {
  return Error(ErrorKind::unavailable, "connection refused");
}
inline Error throttled(std::chrono::milliseconds time) {
  Error error(ErrorKind::throttled, "429");
  error.retry_after = time;
  return error;
}

/// The first bytes of a file, held.
class HeldStart final : public HeldBytes {
 public:
  explicit HeldStart(std::uint64_t count) : count_(count) {}
  std::optional<Sample> sample_near(std::uint64_t offset, std::size_t limit) const override {
    const std::uint64_t end = std::min(offset, count_) == 0 ? count_ : std::min(offset, count_);
    Sample sample;
    sample.offset = end - std::min<std::uint64_t>(end, limit);
    const std::string text = ramp_bytes(sample.offset, end - sample.offset);
    const auto bytes = std::as_bytes(std::span(text));
    sample.bytes.assign(bytes.begin(), bytes.end());
    return sample;
  }

 private:
  std::uint64_t count_;
};

class GroupFixture : public ::testing::Test {
 protected:
  ~GroupFixture() override {
    if (!group) return;
    for (FakeStorage* member : members) EXPECT_EQ(member->counts.running, 0);
    for (const MemberStatus& status : group->status()) EXPECT_EQ(status.running, 0u);
    t.run_void(group->close());
  }

  /// `count` members that all hold "film", as /pt, /pt.balance1, ...
  void build(std::size_t count, std::vector<StorageOptions> options = {}, GroupOptions rules = {}) {
    std::vector<GroupMember> list;
    options.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      const std::string name = i == 0 ? "/pt" : fmt::format("/pt.balance{}", i);
      auto fake = std::make_unique<FakeStorage>(name, t.executor(), t.clock);
      fake->add_file("film", kFileSize);
      members.push_back(fake.get());
      options[i].path = name;
      list.emplace_back(std::move(fake), options[i], accounts.of(options[i]));
    }
    GroupContext context(t.executor(), t.clock);
    context.group = std::move(rules);
    context.journal = &journal;
    group = std::make_unique<Group>("/pt", std::move(list), std::move(context));
  }

  /// The version of "film" that all members (or those named) hold.
  std::shared_ptr<Version> film(std::vector<MemberIndex> holders = {}) {
    if (holders.empty()) {
      for (MemberIndex i = 0; i < members.size(); ++i) holders.push_back(i);
    }
    std::vector<ObjectInfo> copies;
    for (const MemberIndex i : holders) {
      ObjectInfo info = members[i]->nodes["film"].info;
      info.size = kFileSize;
      info.member = i;
      copies.push_back(info);
    }
    return std::make_shared<Version>(next_id++, *Path::parse("film"), copies);
  }

  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version> version = nullptr) {
    return group->open(version ? version : film(), 0);
  }

  Result<void> read(ObjectReader& reader, std::uint64_t offset, std::uint64_t count) {
    RequestContext why(Priority::demand);
    StringSink sink(offset);
    Result<void> outcome = t.run(reader.read(ByteRange(offset, count), sink, why));
    text = sink.text;
    EXPECT_TRUE(is_ramp(std::as_bytes(std::span(text)), offset)) << "what is delivered is right";
    EXPECT_TRUE(!outcome || text.size() == count);
    return outcome;
  }

  /// Opens and reads one byte; who served it.
  MemberIndex server_of_a_new_handle() {
    auto version = film();
    auto reader = open(version);
    EXPECT_TRUE(read(*reader, 0, 1).has_value());
    return version->last_member().value_or(99);
  }

  std::vector<int> shares(int handles) {
    std::vector<int> count(members.size());
    for (int i = 0; i < handles; ++i) ++count[server_of_a_new_handle()];
    return count;
  }

  HealthState state(MemberIndex member) { return group->status()[member].state; }

  /// Ejects a member by listings that fail.
  void eject(MemberIndex member) {
    const auto before = members[member]->fail_list;
    members[member]->fail_list = refused();
    for (int i = 0; i < 3; ++i) {
      CollectingListing listing;
      RequestContext why;
      static_cast<void>(t.run(group->list(Path(), listing, why), 1s));
    }
    members[member]->fail_list = before;
    EXPECT_EQ(state(member), HealthState::open);
  }

  TestLoop t;
  Accounts accounts{t.clock};
  Journal journal;
  std::vector<FakeStorage*> members;
  std::unique_ptr<Group> group;
  std::uint64_t next_id = 1;
  std::string text;  ///< of the last read
};

}  // namespace balancefs::test
