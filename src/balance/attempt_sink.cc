#include "balance/attempt_sink.h"

#include <algorithm>
#include <cstring>

namespace balancefs {

AttemptSink::AttemptSink(Members& members, Version& version, Attempt& attempt, ByteSink* target,
                         ByteRange range, const HeldBytes::Sample* sample, bool& handle_delivered)
    : members_(members),
      member_(attempt.member),
      version_(version),
      attempt_(attempt),
      target_(target),
      sample_(sample),
      epoch_(version.epoch()),
      range_(range),
      at_(range.offset),
      handle_delivered_(handle_delivered) {
  attempt_.progress = Progress(members.now());
  members_[member_].silence.asked(members.now());
  members_[member_].delivery.asked(range.length);
}

AttemptSink::~AttemptSink() {
  Members::Member& server = members_[member_];
  server.silence.ended(members_.now(), members_.had_its_time(member_, attempt_.progress));
  server.delivery.ended(range_.length - std::min(received(), range_.length),
                        attempt_.progress.first_byte.has_value(), members_.now());
}

Result<void> AttemptSink::write(std::span<const std::byte> bytes) {
  if (bytes.empty()) return {};
  note_arrival(bytes.size());
  while (!bytes.empty()) {
    if (outdated()) return fail(ErrorKind::changed, "the version has moved on");
    const Result<std::size_t> taken = take(bytes);
    if (!taken) return std::unexpected<Error>(taken.error());
    at_ += *taken;
    bytes = bytes.subspan(*taken);
  }
  return {};
}

void AttemptSink::note_arrival(std::uint64_t bytes) {
  Members::Member& server = members_[member_];
  Progress& progress = attempt_.progress;
  const TimePoint now = members_.now();
  if (!progress.first_byte) {
    server.health.first_byte(now - progress.begun);
    server.delivery.first_byte(now - progress.begun, now);
    progress.first_byte = now;
  }
  progress.last_byte = now;
  progress.bytes += bytes;
  server.health.data_arrived(now);
  server.silence.heard(now);
  server.delivery.arrived(bytes, now);
  server.rate.add(bytes, now);
}

Result<std::size_t> AttemptSink::take(std::span<const std::byte> bytes) {
  if (sample_ != nullptr && at_ < sample_end()) {
    if (at_ < sample_->offset) return std::min<std::uint64_t>(bytes.size(), sample_->offset - at_);
    return compare(bytes);
  }
  if (target_ == nullptr) return bytes.size();
  if (at_ < target_->position()) return std::min<std::uint64_t>(bytes.size(), target_->position() - at_);
  return deliver(bytes);
}

Result<std::size_t> AttemptSink::compare(std::span<const std::byte> bytes) {
  const std::size_t count = std::min<std::uint64_t>(bytes.size(), sample_end() - at_);
  if (std::memcmp(bytes.data(), sample_->bytes.data() + (at_ - sample_->offset), count) != 0) {
    return fail(ErrorKind::changed, "other bytes than those held of this file");
  }
  if (at_ + count == sample_end()) version_.set_proven(member_);
  return count;
}

Result<std::size_t> AttemptSink::deliver(std::span<const std::byte> bytes) {
  if (lacks_proof()) {
    attempt_.must_prove = true;
    return fail(ErrorKind::cancelled, "bytes of another member are held by now: to be compared first");
  }
  const Result<void> accepted = target_->write(bytes);
  if (!accepted) {
    attempt_.refused = true;
    return std::unexpected<Error>(accepted.error());
  }
  handle_delivered_ = true;
  members_[member_].bytes += bytes.size();
  version_.set_proven(member_);
  version_.set_last_member(member_);
  return bytes.size();
}

/// Two handles that began together ask two members, and each began when nothing was held.
bool AttemptSink::lacks_proof() const {
  const HeldBytes* held = version_.held();
  if (held == nullptr || version_.standing(member_) == Version::Standing::proven) return false;
  const auto sample = held->sample_near(target_->position(), 1);
  return sample && !sample->bytes.empty();
}

bool AttemptSink::outdated() const {
  return version_.epoch() != epoch_ || version_.ended() ||
         version_.standing(member_) == Version::Standing::divergent;
}

}  // namespace balancefs
