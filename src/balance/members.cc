#include "balance/members.h"

#include <algorithm>
#include <utility>

#include "balance/stall_watch.h"
#include "base/log.h"
#include "base/request_id.h"

namespace balancefs {
namespace {

/// How loud a failed request is. What says only something about the path is an answer like any other; that a
/// member holds another version is told where that is decided.
LogLevel level_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::not_found:
    case ErrorKind::changed:
    case ErrorKind::cancelled:
      return LogLevel::debug;
    case ErrorKind::denied:
    case ErrorKind::throttled:
    case ErrorKind::unavailable:
    case ErrorKind::stalled:
    case ErrorKind::timed_out:
    case ErrorKind::corrupted:
    case ErrorKind::no_space:
    case ErrorKind::too_large:
    case ErrorKind::unsupported:
      return LogLevel::info;
  }
  check_failed(__FILE__, __LINE__, "ErrorKind is in range");
}

}  // namespace

Members::Member::Member(GroupMember&& from, HealthTracker tracker)
    : storage(std::move(from.storage)),
      options(std::move(from.options)),
      account(std::move(from.account)),
      health(std::move(tracker)),
      drained(!options.enabled) {}

Members::Members(std::string visible_path, std::vector<GroupMember> members, GroupContext context)
    : visible_path_(std::move(visible_path)),
      context_(std::move(context)),
      random_(context_.random_seed),
      handles_(make_policy(context_.group.policy, members.size())),
      moves_(make_policy(context_.group.policy, members.size())),
      turns_(members.size()) {
  BALANCEFS_CHECK(!members.empty());
  for (GroupMember& member : members) {
    limited_ = limited_ || member.account != nullptr;
    members_.push_back(
        std::make_unique<Member>(std::move(member), HealthTracker(context_.health, random_, now())));
  }
}

std::string Members::shown(const Path& path) const {
  if (path.is_root()) return visible_path_;
  return visible_path_ == "/" ? "/" + path.str() : visible_path_ + "/" + path.str();
}

void Members::take_over(MemberIndex index, const Member& earlier) {
  Member& member = *members_[index];
  member.health.take_over(earlier.health);
  member.resume = earlier.resume;
  member.silence = earlier.silence;
  member.delivery = earlier.delivery;
  member.rate = earlier.rate;
  member.opens = earlier.opens;
  member.bytes = earlier.bytes;
  member.extra = earlier.extra;
  member.ejections = earlier.ejections;
  member.errors = earlier.errors;
  // What was asked for at run time holds until the configuration says something else.
  if (member.options.enabled == earlier.options.enabled) member.drained = earlier.drained;
}

// ---- outcomes -------------------------------------------------------------------------------------------

Members::Request Members::begin(MemberIndex index) {
  return Request(members_[index]->health.begin(), next_request_id(), now());
}

/// "/pt.balance1: read /pt/film at byte 5"
std::string Members::sentence(MemberIndex index, const Asked& asked) const {
  const std::string where = asked.byte ? fmt::format(" at byte {}", *asked.byte) : "";
  return fmt::format("{}: {} {}{}", name(index), asked.operation, shown(asked.path), where);
}

void Members::tell_success(MemberIndex index, const Request& request, const Asked& asked) const {
  if (!log_enabled(LogLevel::debug)) return;
  const auto took = std::chrono::round<std::chrono::milliseconds>(now() - request.begun);
  log_debug("{}: ok in {} ms{}", sentence(index, asked), took.count(), request_id_mark(request.id));
}

void Members::succeeded(MemberIndex index, const Request& request, const Asked& asked) {
  members_[index]->health.succeeded(request.token, now());
  tell_success(index, request, asked);
}

void Members::report(MemberIndex index, const Request& request, Error& error, const Asked& asked) {
  const LogLevel level = level_of(error.kind);
  const std::string cause = std::exchange(error.text, error.text + request_id_mark(request.id));
  if (log_enabled(level))
    log_failure(level, "{}: {}: {}", sentence(index, asked), to_string(error.kind), error.text);
  if (level == LogLevel::debug) return;
  members_[index]->errors.last.emplace(request.id, error.kind, cause, asked.operation, shown(asked.path),
                                       now());
}

void Members::failed(MemberIndex index, const Request& request, Error& error, const Asked& asked) {
  HealthTracker& health = members_[index]->health;
  ++members_[index]->errors.by_kind.at(static_cast<std::size_t>(error.kind));
  report(index, request, error, asked);
  const bool was_throttled = health.throttled(now());
  note(index, health.failed(request.token, error, now()), request.id);
  if (!was_throttled && health.throttled(now())) {
    const auto pause = std::chrono::ceil<std::chrono::seconds>(health.throttled_until() - now());
    log_info("{} asks to slow down: no new requests for {} s", name(index), pause.count());
    stir(index);
    journal(index, "closed", "throttled", fmt::format("for {} s: {}", pause.count(), error.text), request.id);
  }
  if (health.wants_check(now()) && trouble_) trouble_(index);
}

bool Members::had_its_time(MemberIndex index, const Progress& progress) const {
  if (progress.first_byte) return true;
  return now() - progress.begun >= usual_first_byte(members_[index]->health.p95());
}

void Members::overtaken(MemberIndex index, const Progress& progress, const Path& path) {
  // The second that was asked for a late part, when the first answers after all.
  if (!had_its_time(index, progress)) return;
  Member& member = *members_[index];
  const bool found_out = member.silence.overtaken(now());
  // How long it would have taken is not known, but that it was longer is: without it the usual time would be
  // that of the requests that were fast enough. In a stripe those that nobody waits for tell it.
  const Duration waited = now() - progress.begun;
  const bool unusual = !progress.first_byte && waited > member.health.p95().value_or(Duration(0));
  if (unusual && !striped() && !member.silence.silent(now())) member.health.first_byte(waited);
  const Duration limit = first_byte_limit(context_.read, member.health.p95(), member.health.idle(now()));
  if (found_out) {
    log_info("{} is silent: what it was asked for comes from others", name(index));
    if (trouble_) trouble_(index);
  }
  if (member.silence.in_vain(now()) < limit) return;
  member.silence.blamed(now());
  Error error(ErrorKind::stalled, "asked again and again, nothing came");
  failed(index, begin(index), error, Asked("read", path));
}

void Members::probe_succeeded(MemberIndex index, const Request& request) {
  tell_success(index, request, Asked("probe", Path()));
  note(index, members_[index]->health.probe_succeeded(now()), 0);
}

void Members::probe_failed(MemberIndex index, const Request& request, Error& error) {
  report(index, request, error, Asked("probe", Path()));
  note(index, members_[index]->health.probe_failed(error, now()), request.id);
}

void Members::note(MemberIndex index, HealthTracker::Change change, std::uint64_t id) {
  switch (change) {
    case HealthTracker::Change::none:
      return;
    case HealthTracker::Change::opened:
    case HealthTracker::Change::reopened:
      note_opened(index, change, id);
      break;
    case HealthTracker::Change::closed:
      log_info("{} is back and takes new files again", name(index));
      journal(index, "open", "closed", "probes succeeded");
      break;
  }
  stir(index);
  changes_.wake_all();
}

/// Who waits for the member's limits may be better off elsewhere now.
void Members::stir(MemberIndex index) {
  if (members_[index]->account) members_[index]->account->stir();
}

void Members::note_opened(MemberIndex index, HealthTracker::Change change, std::uint64_t id) {
  const auto is_closed = [](const auto& member) { return member->health.closed(); };
  if (members_.size() > 1 && std::none_of(members_.begin(), members_.end(), is_closed)) {
    for (auto& member : members_) member->health.forgive_growth(now());
  }
  const HealthTracker& health = members_[index]->health;
  const auto pause = std::chrono::ceil<std::chrono::seconds>(health.probe_due() - now());
  LogLevel level = health.refuses_us() ? LogLevel::error : LogLevel::warning;
  if (change == HealthTracker::Change::reopened) level = LogLevel::debug;
  if (log_enabled(level)) {
    log_line(level, fmt::format("{} is out of rotation, probed again in {} s: {}", name(index), pause.count(),
                                health.reason()));
  }
  const bool first = change == HealthTracker::Change::opened;
  if (first) ++members_[index]->ejections;
  journal(index, first ? "closed" : "open", "open", health.reason(), id);
  if (trouble_) trouble_(index);
}

void Members::journal(MemberIndex index, std::string from, std::string to, std::string reason,
                      std::uint64_t id) {
  if (context_.journal == nullptr) return;
  Transition transition(now(), name(index), std::move(from), std::move(to), std::move(reason));
  transition.id = id;
  context_.journal->add(std::move(transition));
}

bool Members::set_drained(MemberIndex index, bool drained) {
  Member& member = *members_[index];
  if (member.drained == drained) return false;
  member.drained = drained;
  log_info("{} is {}", name(index), drained ? "drained: it gets no new files" : "in rotation again");
  const char* const words[] = {"in rotation", "drained"};
  journal(index, words[drained ? 0 : 1], words[drained ? 1 : 0], "asked for");
  changes_.wake_all();
  return true;
}

// ---- choices --------------------------------------------------------------------------------------------

bool Members::usable(MemberIndex index, TimePoint at) const {
  const Member& member = *members_[index];
  return member.health.closed() && !member.drained && !member.health.throttled(at);
}

TimePoint Members::resume_time(MemberIndex index, TimePoint latest) {
  Member& member = *members_[index];
  const TimePoint end = member.health.throttled_until();
  return member.resume.after(end, member.health.throttle_pause(), latest, random_);
}

bool Members::serves_ranges(MemberIndex index) const {
  const Member& member = *members_[index];
  return member.storage->traits().ranges && !member.health.no_range(now());
}

Account::Permit Members::enter_at_once(MemberIndex index) {
  const auto& account = members_[index]->account;
  return account ? account->enter_at_once() : Account::Permit();
}

bool Members::busy(MemberIndex index) const {
  const Member& member = *members_[index];
  return member.account && member.account->busy();
}

std::vector<MemberIndex> Members::not_busy(std::vector<MemberIndex> among) const {
  if (!limited_) return among;
  std::vector<MemberIndex> free = among;
  std::erase_if(free, [this](MemberIndex i) { return busy(i); });
  return free.empty() ? among : free;
}

std::uint32_t Members::weight(const Member& member, TimePoint at) const {
  const auto recovered = member.health.recovered_for(at);
  return effective_weight(std::max(member.options.weight, 1U), recovered, context_.health.slow_start);
}

std::vector<Policy::Candidate> Members::candidates(std::span<const MemberIndex> among) const {
  std::vector<Policy::Candidate> result;
  result.reserve(among.size());
  const TimePoint at = now();
  const bool measured = context_.group.policy == GroupOptions::Policy::fastest;
  for (const MemberIndex index : among) {
    const Member& member = *members_[index];
    Policy::Candidate& candidate = result.emplace_back(index, member.options.tier, weight(member, at));
    candidate.recovering = candidate.weight < std::max(member.options.weight, 1U) * 1000;
    candidate.full = busy(index);
    candidate.running = member.running + member.waiting;
    if (!measured) continue;
    candidate.first_byte = member.health.p50();
    candidate.measured = member.health.last_data().value_or(TimePoint());
  }
  return result;
}

std::optional<MemberIndex> Members::pick_for_handle(std::span<const MemberIndex> among) {
  return handles_->pick(candidates(among), now());
}

std::optional<MemberIndex> Members::pick_for_move(std::span<const MemberIndex> among) {
  return moves_->pick(candidates(among), now());
}

StripePlan::Candidate Members::stripe_candidate(MemberIndex index) const {
  const Member& member = *members_[index];
  const std::uint32_t configured = std::max(member.options.weight, 1U) * 1000;
  StripePlan::Candidate candidate(index, configured, member.delivery);
  candidate.share = static_cast<double>(weight(member, now())) / configured;
  return candidate;
}

std::vector<MemberStatus> Members::status() const {
  std::vector<MemberStatus> result;
  const TimePoint at = now();
  for (const auto& member : members_) {
    const HealthTracker& health = member->health;
    MemberStatus status;
    status.name = member->storage->traits().name;
    status.state = health.state();
    status.reason = health.reason();
    status.since = health.since();
    if (!health.closed()) status.next_probe = health.probe_due();
    if (health.throttled(at)) status.throttled_until = health.throttled_until();
    status.drained = member->drained;
    status.no_range = health.no_range(at);
    status.opens = member->opens;
    status.bytes = member->bytes;
    status.extra = member->extra;
    status.running = member->running;
    status.waiting = member->waiting;
    status.weight = weight(*member, at);
    status.tier = member->options.tier;
    status.rate = member->rate.at(at);
    status.p50 = health.p50();
    status.p95 = health.p95();
    status.ejections = member->ejections;
    status.errors = member->errors.by_kind;
    status.last_failure = member->errors.last;
    result.push_back(std::move(status));
  }
  return result;
}

}  // namespace balancefs
