#include "balance/stripe_plan.h"

#include <algorithm>
#include <cmath>

namespace balancefs {
namespace {

/// Bytes per second, while nothing at all is known.
constexpr double kGuess = 8e6;
/// Seconds that a slow measurement is believed; hope doubles in each further time of that. Where somebody
/// waits a member is tried again only when nothing else ever tries it.
constexpr double kFade = 5.0;
constexpr double kFadeAwaited = 30.0;
/// Of a measurement that is not to fade.
constexpr double kNever = 1e9;
/// The slowest that counts; with the fading it says how rarely a hopeless member is tried: every half minute.
constexpr double kSlowest = 1.0 / 64;
/// Requests that are assumed to flow beside those that were measured: see rate(). Tried in simulations from
/// 0, where capped connections gather at one member, to 2, where slow members get too much.
constexpr double kAssumed = 1.5;
/// Seconds that one request takes, or this many times its first byte: with parts that take much longer,
/// members that have finished theirs idle until the reader has passed those of the others (10 % and more with
/// eight parts for three members), with shorter ones the first bytes cost as much.
constexpr double kPiece = 0.3;
constexpr double kPieceLatencies = 15;
constexpr double kLeastPiece = 1024 * 1024;
/// Parts are cut into even pieces, the first cut at 1.25 pieces.
constexpr double kEven = 0.75;
/// Pieces end where blocks of storages and caches do.
constexpr std::uint64_t kGrid = 128 * 1024;
/// Expected times that differ by less are the same.
constexpr double kSame = 1.05;
constexpr double kSameSeconds = 0.002;

double as_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

}  // namespace

StripePlan::StripePlan(std::vector<Candidate> candidates, TimePoint now)
    : candidates_(std::move(candidates)), now_(now) {
  double shortest = 0;
  bool known = false;
  for (const Candidate& candidate : candidates_) {
    const Delivery& delivery = *candidate.delivery;
    if (delivery.rate()) best_ = std::max(best_, *delivery.rate() * 1000 / candidate.weight);
    if (!delivery.latency()) continue;
    const double own = as_seconds(*delivery.latency());
    shortest = known ? std::min(shortest, own) : own;
    known = true;
  }
  latency_ = shortest;
}

/// What one more request would bring: a share of what those that were measured brought together. Whether they
/// share a line or have one each only more of them would tell, so a few more are taken to bring as much each:
/// otherwise the member that has most requests would seem the fastest and draw all others.
double StripePlan::rate(const Candidate& candidate, std::uint64_t bytes, double fade) const {
  const Delivery& delivery = *candidate.delivery;
  const double usual = (best_ > 0 ? best_ : kGuess) * candidate.weight / 1000;
  double own = usual;
  if (delivery.rate()) {
    own = std::max(*delivery.rate(), usual * kSlowest);
    const double age = as_seconds(now_ - delivery.measured());
    if (own < usual) own = std::min(usual, own * std::exp2(std::max(0.0, age / fade - 1)));
  }
  const double waiting = std::min<double>(
      delivery.requests(), static_cast<double>(delivery.queued()) / static_cast<double>(bytes));
  return own * candidate.share * (delivery.side_by_side() + kAssumed) / (waiting + 1);
}

double StripePlan::seconds(const Candidate& candidate, std::uint64_t bytes, double fade) const {
  const auto measured = candidate.delivery->latency();
  const double latency = measured ? as_seconds(*measured) : latency_;
  const double begin = candidate.must_prove && fade == kFadeAwaited ? 2 * latency : latency;
  return begin + static_cast<double>(bytes) / rate(candidate, bytes, fade);
}

std::optional<StripePlan::Choice> StripePlan::choose(std::uint64_t bytes, bool awaited,
                                                     RoundRobin& turns) const {
  if (candidates_.empty()) return std::nullopt;
  const double fade = awaited ? kFadeAwaited : kFade;
  const auto earlier = [&](const Candidate& a, const Candidate& b) {
    return seconds(a, bytes, fade) < seconds(b, bytes, fade);
  };
  const Candidate& first = *std::min_element(candidates_.begin(), candidates_.end(), earlier);
  const double least = seconds(first, bytes, fade);
  std::vector<Policy::Candidate> equal;
  for (const Candidate& candidate : candidates_) {
    if (seconds(candidate, bytes, fade) > least * kSame + kSameSeconds) continue;
    equal.emplace_back(candidate.member, 0, std::max(1U, candidate.weight));
  }
  const MemberIndex member = turns.turn(equal);
  const auto chosen = [&](const Candidate& candidate) { return candidate.member == member; };
  const Candidate& taken = *std::find_if(candidates_.begin(), candidates_.end(), chosen);
  return Choice(member, limit(taken, bytes, fade));
}

/// Little of a member that is tried again, and of others what they bring in a while, unless hardly more is
/// wanted.
std::uint64_t StripePlan::limit(const Candidate& candidate, std::uint64_t bytes, double fade) const {
  if (candidates_.size() < 2 || !candidate.delivery->rate()) return 0;
  if (seconds(candidate, bytes, kNever) > 2 * seconds(candidate, bytes, fade)) return kTrial;
  const auto measured = candidate.delivery->latency();
  const double time = std::max(kPiece, measured ? kPieceLatencies * as_seconds(*measured) : 0);
  const double piece = std::max(kLeastPiece, time * *candidate.delivery->rate());
  const auto pieces = static_cast<std::uint64_t>(static_cast<double>(bytes) / piece + kEven);
  if (pieces < 2) return 0;
  return (bytes / pieces + kGrid - 1) / kGrid * kGrid;
}

std::optional<Duration> StripePlan::fastest(std::uint64_t bytes) const {
  std::optional<double> least;
  for (const Candidate& candidate : candidates_) {
    if (!candidate.delivery->rate()) continue;
    const double own = seconds(candidate, bytes, kNever);
    least = least ? std::min(*least, own) : own;
  }
  if (!least) return std::nullopt;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*least));
}

}  // namespace balancefs
