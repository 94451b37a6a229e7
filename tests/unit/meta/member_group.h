// A group as the listing cache sees one: members asked at once, each reported once, seconds or minutes apart.
//
// Made of FakeStorages, without health and without choice: what balance decides is tested there.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "support/fake_storage.h"
#include "support/test_loop.h"

namespace balancefs::test {

class MemberGroup final : public Storage {
 public:
  MemberGroup(TestLoop& loop, std::size_t members) : loop_(loop) {
    traits_.name = "/pt";
    traits_.type = "group";
    for (std::size_t i = 0; i < members; ++i) {
      traits_.members.push_back("/pt.balance" + std::to_string(i));
      members_.push_back(std::make_unique<FakeStorage>(traits_.members.back(), loop.executor(), loop.clock));
    }
  }
  FakeStorage& operator[](std::size_t index) { return *members_[index]; }
  std::size_t size() const { return members_.size(); }
  /// The same file on every member.
  void add_file(std::string_view path, std::uint64_t size, int revision = 1) {
    for (auto& member : members_) member->add_file(path, size, 0, revision);
  }
  void remove(std::string_view path) {
    for (auto& member : members_) member->remove(path);
  }

  const StorageTraits& traits() const override { return traits_; }
  Task<Result<void>> list(Path directory, ListingSink& entries, RequestContext& why) override {
    ++lists;
    awaited.push_back(&why.awaited);
    asked.push_back(&why);
    priorities.push_back(why.priority);
    ++lists_of[directory.str()];
    most_at_once = std::max(most_at_once, ++at_once);
    const Leaving leaving(at_once);
    Asking asking(entries, why);
    TaskScope scope(loop_.executor());
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      if (!why.ask.empty() && std::find(why.ask.begin(), why.ask.end(), m) == why.ask.end()) continue;
      ++asking.pending;
      scope.spawn(list_member(m, directory, asking));
    }
    co_await asio::this_coro::throw_if_cancelled(false);
    WaitOutcome outcome = WaitOutcome::woken;
    while (asking.pending > 0 && outcome == WaitOutcome::woken) {
      outcome = co_await asking.ended.wait_interruptible(&loop_.clock, *why.deadline);
    }
    co_await scope.close();
    if (outcome == WaitOutcome::cancelled) throw_cancelled();
    const Result<void> late = fail(ErrorKind::timed_out, "late");
    for (MemberIndex m = 0; m < members_.size(); ++m) {
      if (!asking.done.contains(m)) entries.member_done(m, late);
    }
    if (asking.succeeded) co_return Result<void>();
    co_return late;
  }
  Task<Result<ObjectInfo>> stat(Path path, RequestContext& why) override {
    ++stats;
    Result<ObjectInfo> last = fail(ErrorKind::unavailable, "nobody");
    for (const MemberIndex m : why.ask) {
      last = co_await members_[m]->stat(path, why);
      if (!last) continue;
      last->member = m;
      co_return last;
    }
    co_return last;
  }
  std::unique_ptr<ObjectReader> open(std::shared_ptr<Version>, MemberIndex) override { return nullptr; }
  Task<Result<void>> probe(RequestContext&) override { co_return Result<void>(); }
  Task<void> close() override { co_return; }

  std::set<std::string> list_nothing;  ///< directories that all members list as empty
  int lists = 0;
  int stats = 0;
  std::vector<const bool*> awaited;
  std::vector<const RequestContext*> asked;  ///< of listings; those under way may be looked at
  std::vector<Priority> priorities;          ///< with which listings began
  std::map<std::string, int> lists_of;
  int at_once = 0;  ///< listings under way
  int most_at_once = 0;

 private:
  struct Leaving {
    explicit Leaving(int& running) : running_(running) {}
    ~Leaving() { --running_; }
    Leaving(const Leaving&) = delete;
    Leaving& operator=(const Leaving&) = delete;
    int& running_;
  };
  struct Asking {
    ListingSink& entries;
    RequestContext& why;
    WaitList ended;
    std::size_t pending = 0;
    std::set<MemberIndex> done;
    bool succeeded = false;
    Asking(ListingSink& to, RequestContext& context) : entries(to), why(context) {}
  };
  /// Names the member, and shows sizes as an index page does where they are not exact.
  class Label final : public ListingSink {
   public:
    Label(ListingSink& to, MemberIndex member, bool drop) : to_(to), member_(member), drop_(drop) {}
    Result<void> entry(std::string_view name, const ObjectInfo& info) override {
      if (drop_) return {};
      ObjectInfo named = info;
      named.member = member_;
      if (named.size_kind == SizeKind::unknown) named.size = 0;
      if (named.size_kind == SizeKind::rounded) named.size = named.size / 100'000 * 100'000;
      return to_.entry(name, named);
    }
    void member_done(MemberIndex, const Result<void>&) override {}

   private:
    ListingSink& to_;
    MemberIndex member_;
    bool drop_;
  };
  Task<void> list_member(MemberIndex m, Path directory, Asking& asking) {
    Label label(asking.entries, m, list_nothing.contains(directory.str()));
    const Result<void> outcome = co_await members_[m]->list(directory, label, asking.why);
    asking.succeeded = asking.succeeded || outcome.has_value();
    asking.done.insert(m);
    --asking.pending;
    asking.entries.member_done(m, outcome);
    asking.ended.wake_all();
  }

  TestLoop& loop_;
  StorageTraits traits_;
  std::vector<std::unique_ptr<FakeStorage>> members_;
};

}  // namespace balancefs::test
