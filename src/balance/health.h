// One member's health: the machine of docs/SEMANTICS.md, "Health".
//
//   CLOSED ── failures ──► OPEN ── open time over, a probe begins ──► HALF-OPEN ── two successes ──► CLOSED
//                            ▲─────────────────── a probe failed ───────┘
//
// Pure: gets `now`, does no I/O, knows no other member. Failures count once: an operation carries the token
// of the state it began in, and every counted failure makes a new state, so 32 reads that fail together are
// one failure. A user's operation never leads out of OPEN; only probes do (src/balance/prober).
#pragma once

#include <array>
#include <optional>
#include <string>

#include "balance/latency.h"
#include "balancefs/clock.h"
#include "balancefs/error.h"
#include "balancefs/options.h"
#include "base/random.h"

namespace balancefs {

enum class HealthState : std::uint8_t { closed, open, half_open };

std::string_view to_string(HealthState state);

class HealthTracker {
 public:
  /// What the member was when an operation began.
  struct Token {
    std::uint64_t epoch;
    explicit Token(std::uint64_t at) : epoch(at) {}
  };
  enum class Change : std::uint8_t {
    none,
    opened,    ///< CLOSED to OPEN
    reopened,  ///< a probe failed
    closed,
  };

  /// `options` and `random` (jitter) outlive the tracker.
  HealthTracker(const HealthOptions& options, Random& random, TimePoint now);

  /// What is known of the member by another tracker, with everything that it is in the middle of.
  void take_over(const HealthTracker& earlier);

  // ---- operations on behalf of users ----
  Token begin() const { return Token(epoch_); }
  void succeeded(Token token, TimePoint now);
  Change failed(Token token, const Error& error, TimePoint now);

  // ---- probes ----
  /// When the next probe is due; only while not CLOSED.
  TimePoint probe_due() const { return probe_due_; }
  /// OPEN becomes HALF-OPEN. Also allowed while CLOSED, where probes check a suspicion (wants_check).
  void begin_probe();
  Change probe_succeeded(TimePoint now);
  Change probe_failed(const Error& error, TimePoint now);
  /// Probes again within the shortest open time: somebody waits for this member with nowhere else to go.
  void hurry(TimePoint now);
  /// True once after a refusal by permission: whether everything is refused is for a probe to find out.
  bool wants_check(TimePoint now);
  /// All members of the group failed together, so the user's own line was down: a recent opening does not
  /// make the open times grow.
  void forgive_growth(TimePoint now);

  // ---- what routes and listings ask ----
  HealthState state() const { return state_; }
  bool closed() const { return state_ == HealthState::closed; }
  bool throttled(TimePoint now) const { return now < throttled_until_; }
  TimePoint throttled_until() const { return throttled_until_; }
  /// How long the pause that ends then was to be.
  Duration throttle_pause() const { return throttle_pause_; }
  bool no_range(TimePoint now) const { return now < no_range_until_; }
  /// When the last failure ended; the beginning of time when none did.
  TimePoint last_failure() const { return last_failure_; }
  /// How long ago it recovered; nothing when it never was open.
  std::optional<Duration> recovered_for(TimePoint now) const;
  std::uint32_t multiplier() const { return multiplier_; }

  // ---- first bytes ----
  void first_byte(Duration latency) { latencies_.add(latency); }
  void data_arrived(TimePoint now) { last_data_ = now; }
  std::optional<Duration> p95() const { return latencies_.p95(); }
  /// Of the last few; nothing before the first.
  std::optional<Duration> p50() const { return latencies_.p50(); }
  /// When data last came; nothing when none ever did.
  std::optional<TimePoint> last_data() const { return last_data_; }
  /// No data came from it for a minute (disks spin down).
  bool idle(TimePoint now) const;

  // ---- for status and log ----
  const std::string& reason() const { return reason_; }
  /// Open because our credentials are refused.
  bool refuses_us() const { return auth_ && !closed(); }
  TimePoint since() const { return since_; }

 private:
  /// Outcomes of one second.
  struct Second {
    std::int64_t number = -1;
    std::uint32_t failures = 0;
    std::uint32_t all = 0;
  };
  static constexpr std::size_t kSeconds = 10;

  void count(bool failure, TimePoint now);
  bool half_failed(TimePoint now) const;
  Change dead(const Error& error, TimePoint now);
  Change refused(const Error& error, TimePoint now);
  void throttle(const Error& error, TimePoint now);
  Change open(const Error& error, TimePoint now);
  void set_state(HealthState state, std::string reason);
  Duration open_time() const;

  const HealthOptions* options_;
  Random* random_;
  HealthState state_ = HealthState::closed;
  std::string reason_;
  TimePoint since_;
  std::uint64_t epoch_ = 0;
  std::uint32_t consecutive_ = 0;  ///< dead-class failures
  std::uint32_t refusals_ = 0;     ///< of our credentials, in a row
  std::uint32_t throttles_ = 0;    ///< in a row
  std::uint32_t probe_successes_ = 0;
  std::array<Second, kSeconds> seconds_;
  std::uint32_t multiplier_ = 0;  ///< openings, less healthy intervals
  std::uint32_t multiplier_before_ = 0;
  bool auth_ = false;    ///< why it is open
  double jitter_ = 1.0;  ///< of the current open time
  TimePoint opened_at_;
  TimePoint probe_due_;
  TimePoint throttled_until_;
  Duration throttle_pause_{0};
  TimePoint no_range_until_;
  TimePoint check_after_;
  bool suspicious_ = false;
  std::optional<TimePoint> recovered_at_;
  std::optional<TimePoint> last_data_;
  TimePoint last_failure_;
  RecentLatencies latencies_;
};

}  // namespace balancefs
