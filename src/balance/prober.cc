#include "balance/prober.h"

namespace balancefs {
namespace {

/// A probe is one small request; 15 s is what a transfer may stall when nobody else could serve, and disks
/// that spin up answer within 10 s.
constexpr Duration kProbeTimeout = 15s;

}  // namespace

/// Takes the member off the list whatever way its flow ends.
class Prober::Watched {
 public:
  Watched(std::set<MemberIndex>& watched, MemberIndex index) : watched_(watched), index_(index) {}
  ~Watched() { watched_.erase(index_); }
  Watched(const Watched&) = delete;
  Watched& operator=(const Watched&) = delete;

 private:
  std::set<MemberIndex>& watched_;
  MemberIndex index_;
};

Prober::Prober(Members& members) : members_(members), scope_(members.executor()) {}

void Prober::watch(MemberIndex index) {
  if (watched_.insert(index).second) scope_.spawn(look_after(index));
  hurried_.wake_all();  // this opening may have shortened the back-off of others
}

void Prober::hurry(std::span<const MemberIndex> members) {
  for (const MemberIndex index : members) members_[index].health.hurry(members_.now());
  hurried_.wake_all();
}

Task<void> Prober::look_after(MemberIndex index) {
  Watched watched(watched_, index);
  HealthTracker& health = members_[index].health;
  do {
    co_await wait_until_due(index);
    health.begin_probe();
    const Members::Request request = members_.begin(index);
    Result<void> outcome = co_await probe(index, request.id);
    if (outcome) {
      members_.probe_succeeded(index, request);
    } else {
      members_.probe_failed(index, request, outcome.error());
    }
  } while (!health.closed());
}

Task<void> Prober::wait_until_due(MemberIndex index) {
  const HealthTracker& health = members_[index].health;
  while (!health.closed() && members_.now() < health.probe_due()) {
    co_await hurried_.wait_until(members_.clock(), health.probe_due());
  }
}

Task<Result<void>> Prober::probe(MemberIndex index, std::uint64_t id) {
  const Account::Permit permit = members_.enter_at_once(index);
  RequestContext why(Priority::probe);
  why.id = id;
  const TimePoint deadline = members_.now() + kProbeTimeout;
  why.deadline = deadline;
  Flow<Result<void>> child(members_.executor(), members_[index].storage->probe(why));
  const bool in_time = co_await child.join_until(members_.clock(), deadline);
  if (!in_time) child.cancel();
  Result<void> outcome = co_await child.join();
  if (!in_time && !outcome) co_return fail(ErrorKind::timed_out, "no answer to a probe");
  if (!outcome && outcome.error().kind == ErrorKind::not_found) {
    co_return fail(ErrorKind::unavailable, "the root is not there");
  }
  co_return outcome;
}

}  // namespace balancefs
