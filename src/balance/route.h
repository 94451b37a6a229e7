// The reader of a group's object: one handle's member, and where it goes when that member fails.
//
// Keeps docs/SEMANTICS.md "Reading": one rotation step per handle, affinity, failover from where the bytes
// stopped, members that prove themselves, and never a byte of another version. Parts of one handle run at
// once and share the member. Loop thread; ends before its group does.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "balance/attempt_sink.h"
#include "balance/prober.h"
#include "balance/reading.h"

namespace balancefs {

class Route final : public ObjectReader {
 public:
  Route(Members& members, Prober& prober, std::shared_ptr<Version> version);
  ~Route() override;
  Task<Result<void>> read(ByteRange range, ByteSink& sink, RequestContext& why) override;

 private:
  // ---- route_choice.cc: which member, plain decisions ----
  std::optional<MemberIndex> choose(const Reading& reading);
  std::optional<MemberIndex> choose_healthy(const Reading& reading);
  std::optional<MemberIndex> choose_open(const Reading& reading) const;
  bool may_stay(MemberIndex member, const Reading& reading) const;
  MemberIndex settle_on(MemberIndex member);
  std::vector<MemberIndex> holders() const;
  std::vector<MemberIndex> healthy(const Reading& reading, std::optional<MemberIndex> but) const;
  bool another_could_serve(MemberIndex member, const Reading& reading) const;
  bool every_holder_is_open() const;
  std::optional<TimePoint> end_of_throttling() const;
  std::optional<TimePoint> wait_until(Reading& reading);
  std::optional<TimePoint> next_round(Reading& reading, TimePoint deadline);

  // ---- route.cc: flows ----
  Task<void> wait_for_members(TimePoint until, Reading& reading);
  Task<Result<void>> attempt(MemberIndex member, Reading& reading);
  Task<Result<void>> prove(MemberIndex member, const HeldBytes::Sample& sample, Reading& reading);
  Task<Result<void>> transfer(MemberIndex member, ByteRange range, AttemptSink& sink, Reading& reading);
  std::optional<HeldBytes::Sample> proof_for(MemberIndex member, const Reading& reading) const;
  void settle(MemberIndex member, HealthTracker::Token token, const AttemptSink& sink,
              const Result<void>& outcome, Reading& reading);
  bool is_final(MemberIndex member, const Error& error, Reading& reading);
  void leave(MemberIndex member, const Error& error, const Reading& reading);
  Result<void> give_up(const Reading& reading);
  ObjectReader& reader(MemberIndex member);

  Members& members_;
  Prober& prober_;
  std::shared_ptr<Version> version_;
  std::vector<std::unique_ptr<ObjectReader>> readers_;  ///< per member, made when first used
  std::optional<MemberIndex> current_;  ///< nothing before the first read and between two members
  bool stepped_ = false;                ///< the handle took its rotation step
  bool delivered_ = false;              ///< this handle has delivered
  std::size_t running_ = 0;
};

}  // namespace balancefs
