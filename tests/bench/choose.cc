// What it costs to choose a member, and to count for status what came: a program of the benchmark that prints
// JSON (workload `choose` of tests/bench/run).
//
// For each policy and some sizes of a group, with members between which the policy knows no difference, which
// is the dearest case for all of them:
//   pick    the policy's step alone, its candidates given
//   choice  what a group does for a handle: looks at every member, makes the candidates, takes the step
//   first   a handle's first read, from open to the byte, of storages that answer at once: holders, their
//           health, the choice and the request
//   next    its second read, which stays with the member
//   count   what status alone wants to know of one piece of data that came
// Times are the median of the rounds, in nanoseconds for one; allocations are those of one, too.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <new>

#include "balance/group.h"
#include "balance/rate.h"
#include "base/loop_clock.h"

namespace {
std::uint64_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size); memory != nullptr) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace balancefs {
namespace {

constexpr std::size_t kRounds = 101;
constexpr std::size_t kMembersInRound = 8192;  ///< steps of a round, times members

struct Cost {
  double nanoseconds;
  double allocations;
};

/// `prepare` is called before each round with the number of steps, and not measured.
template <class Prepare, class Step>
Cost cost_of(std::size_t members, Prepare prepare, Step step) {
  const std::size_t steps = std::max<std::size_t>(kMembersInRound / members, 8);
  std::array<double, kRounds> times;
  const auto warm_up = std::max<std::size_t>(2 * members / steps, 1);  // every member is used twice
  std::uint64_t allocated = 0;
  for (std::size_t round = 0; round < warm_up + kRounds; ++round) {
    prepare(steps);
    const std::uint64_t before = allocations;
    const auto begin = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < steps; ++i) step(i);
    const std::chrono::duration<double, std::nano> time = std::chrono::steady_clock::now() - begin;
    allocated = allocations - before;
    if (round >= warm_up) times[round - warm_up] = time.count() / static_cast<double>(steps);
  }
  std::ranges::nth_element(times, times.begin() + kRounds / 2);
  return Cost(times[kRounds / 2], static_cast<double>(allocated) / static_cast<double>(steps));
}

/// Has everything, at once.
class ReadyStorage final : public Storage {
 public:
  explicit ReadyStorage(std::string name) { traits_.name = std::move(name); }
  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path, ListingSink&, RequestContext&) override { co_return Result<void>(); }
  Task<Result<ObjectInfo>> stat(Path, RequestContext&) override { co_return ObjectInfo(); }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version>, MemberIndex) override {
    return std::make_unique<Reader>();
  }
  Task<Result<void>> probe(RequestContext&) override { co_return Result<void>(); }
  Task<void> close() override { co_return; }

 private:
  class Reader final : public ObjectReader {
   public:
    Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext&) override {
      const std::vector<std::byte> bytes(range.length);
      co_return sink.write(bytes);
    }
  };
  StorageTraits traits_;
};

class CountingSink final : public ByteSink {
 public:
  explicit CountingSink(std::uint64_t offset) : offset_(offset) {}
  std::uint64_t position() const override { return offset_; }
  Result<void> write(std::span<const std::byte> bytes) override {
    offset_ += bytes.size();
    return {};
  }

 private:
  std::uint64_t offset_;
};

Task<Result<void>> closed(Group& group) {
  co_await group.close();
  co_return Result<void>();
}

class Subject {
 public:
  Subject(GroupOptions::Policy policy, std::size_t members)
      : policy_(policy), count_(members), clock_(loop_), group_("/pt", storages(), context()) {}
  ~Subject() { run(closed(group_)); }
  Subject(const Subject&) = delete;

  Cost pick() {
    const auto policy = make_policy(policy_, count_);
    std::vector<Policy::Candidate> candidates;
    const TimePoint now = clock_.now();
    for (std::size_t i = 0; i < count_; ++i) {
      Policy::Candidate& candidate = candidates.emplace_back(static_cast<MemberIndex>(i), 0, 1000);
      candidate.first_byte = std::chrono::milliseconds(1);
      candidate.measured = now;
    }
    std::vector<std::vector<Policy::Candidate>> given;
    return cost_of(
        count_, [&](std::size_t steps) { given.assign(steps, candidates); },
        [&](std::size_t i) { expect(policy->pick(std::move(given[i]), now).has_value()); });
  }

  Cost choice() {
    Members members("/pt", storages(), context());
    std::vector<MemberIndex> all;
    for (std::size_t i = 0; i < count_; ++i) {
      all.push_back(static_cast<MemberIndex>(i));
      members[all.back()].health.first_byte(std::chrono::milliseconds(1));
      members[all.back()].health.data_arrived(clock_.now());
    }
    return cost_of(
        count_, [](std::size_t) {}, [&](std::size_t) { expect(members.pick_for_handle(all).has_value()); });
  }

  std::pair<Cost, Cost> reads() {
    const std::shared_ptr<Version> version = film();
    std::vector<std::unique_ptr<ObjectReader>> handles;
    const auto first = [&](std::size_t i) {
      handles[i] = group_.open(version, 0);
      read(*handles[i], 0);
    };
    const auto anew = [&](std::size_t steps) {
      handles.clear();
      handles.resize(steps);
    };
    const Cost of_first = cost_of(count_, anew, first);
    return {of_first, cost_of(count_, [](std::size_t) {}, [&](std::size_t i) { read(*handles[i], 1); })};
  }

 private:
  static void expect(bool held) { BALANCEFS_CHECK(held); }

  std::vector<GroupMember> storages() const {
    std::vector<GroupMember> list;
    for (std::size_t i = 0; i < count_; ++i) {
      StorageOptions options;
      options.path = i == 0 ? "/pt" : fmt::format("/pt.balance{}", i);
      list.emplace_back(std::make_unique<ReadyStorage>(options.path), options);
    }
    return list;
  }
  GroupContext context() {
    GroupContext context(loop_.get_executor(), clock_);
    context.group.policy = policy_;
    return context;
  }
  /// A file that all hold.
  std::shared_ptr<Version> film() const {
    std::vector<ObjectInfo> copies;
    for (std::size_t i = 0; i < count_; ++i) {
      ObjectInfo& info = copies.emplace_back();
      info.size = 1 << 20;
      info.member = static_cast<MemberIndex>(i);
    }
    return std::make_shared<Version>(1, *Path::parse("film"), copies);
  }
  void read(ObjectReader& reader, std::uint64_t offset) {
    RequestContext why(Priority::demand);
    CountingSink sink(offset);
    expect(run(reader.read(ByteRange(offset, 1), sink, why)).has_value());
  }
  Result<void> run(Task<Result<void>> task) {
    Flow<Result<void>> flow(loop_.get_executor(), std::move(task));
    while (!flow.done()) {
      loop_.restart();
      loop_.run_one();
    }
    Result<void> outcome = flow.take();
    loop_.restart();
    loop_.poll();  // what is left of the flow
    return outcome;
  }

  GroupOptions::Policy policy_;
  std::size_t count_;
  asio::io_context loop_;
  LoopClock clock_;
  Group group_;
};

std::string shown(const char* name, Cost cost) {
  return fmt::format(R"("{}": {{"nanoseconds": {:.1f}, "allocations": {:.1f}}})", name, cost.nanoseconds,
                     cost.allocations);
}

void measure(const char* name, GroupOptions::Policy policy, std::size_t members) {
  Subject subject(policy, members);
  const Cost pick = subject.pick();
  const Cost choice = subject.choice();
  const auto [first, next] = subject.reads();
  fmt::print(R"({{"policy": "{}", "members": {}, {}, {}, {}, {}}})"
             "\n",
             name, members, shown("pick", pick), shown("choice", choice), shown("first", first),
             shown("next", next));
}

/// As AttemptSink does for each piece that a connection delivers; the time is looked at for other reasons
/// too.
void measure_counting() {
  RecentRate rate;
  std::uint64_t bytes = 0;
  TimePoint now;
  const auto nothing = [](std::size_t) {};
  const Cost cost = cost_of(1, nothing, [&](std::size_t) {
    now += std::chrono::microseconds(20);
    rate.add(16384, now);
    bytes += 16384;
  });
  BALANCEFS_CHECK(bytes > 0 && rate.at(now) >= 0);
  fmt::print("{{{}}}\n", shown("count", cost));
}

}  // namespace
}  // namespace balancefs

int main() {
  using Kind = balancefs::GroupOptions::Policy;
  constexpr std::array<std::pair<const char*, Kind>, 4> kPolicies = {
      {{"round-robin", Kind::round_robin},
       {"least-in-flight", Kind::least_in_flight},
       {"fastest", Kind::fastest},
       {"first", Kind::first}}};
  for (const auto& [name, policy] : kPolicies) {
    for (const std::size_t members : {3, 30, 1000}) balancefs::measure(name, policy, members);
  }
  balancefs::measure_counting();
}
