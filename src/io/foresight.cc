#include "io/foresight.h"

#include <algorithm>

#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::size_t kMostKinds = 64;
// Three of the last four: two files that were read otherwise end a pattern, three that were looked at begin
// it.
constexpr std::size_t kRemembered = 4;
constexpr std::size_t kEnough = 3;
// Reads that close to the end of what was read before go on with it: the kernel sends neighbours out of
// order.
constexpr std::uint64_t kNear = 256ull * 1024;
// An index at the end of a film of many gigabytes has some megabytes; what lies before is the film.
constexpr std::uint64_t kTailZone = 4ull * 1024 * 1024;
// Who reads more than that in one go, or at more places, does more than look.
constexpr std::uint64_t kLongestHead = 8ull * 1024 * 1024;
constexpr std::uint64_t kMostElsewhere = 32;

std::string extension_of(const std::string& name) {
  const std::size_t dot = name.rfind('.');
  const std::size_t slash = name.rfind('/');
  if (dot == std::string::npos || (slash != std::string::npos && dot < slash)) return {};
  return to_lower(std::string_view(name).substr(dot));
}

}  // namespace

// ---- LookTrace ------------------------------------------------------------------------------------------

void LookTrace::read(ByteRange asked) {
  if (asked.offset <= head_ || (head_ > 0 && asked.offset <= head_ + kNear)) {
    head_ = std::max(head_, asked.end());
  } else if (asked.offset + kTailZone >= size_) {
    tail_from_ = std::min(tail_from_, asked.offset);
  } else {
    ++elsewhere_;
  }
}

bool LookTrace::is_look() const {
  return head_ > 0 && head_ <= kLongestHead && head_ < size_ / 2 && elsewhere_ <= kMostElsewhere;
}

// ---- Foresight ------------------------------------------------------------------------------------------

Foresight::Kind& Foresight::kind_of(const std::string& name) {
  const std::string extension = extension_of(name);
  const auto found = std::ranges::find(kinds_, extension, &Kind::extension);
  if (found != kinds_.end()) {
    kinds_.splice(kinds_.begin(), kinds_, found);
  } else {
    kinds_.emplace_front(extension);
    if (kinds_.size() > kMostKinds) kinds_.pop_back();
  }
  return kinds_.front();
}

Foresight::Advice Foresight::advice(const std::string& name) {
  Advice advice;
  const std::deque<Look>& looks = kind_of(name).looks;
  if (looks.size() < kEnough) return advice;
  const auto least = std::ranges::min_element(looks, {}, &Look::head);
  advice.reach = std::min(least->head, kMostReach);
  const auto looked = static_cast<std::size_t>(std::ranges::count_if(looks, &Look::is_look));
  if (looked < kEnough) return advice;
  const auto jumped =
      std::ranges::count_if(looks, [](const Look& look) { return look.is_look && look.tail > 0; });
  for (const Look& look : looks) {
    if (!look.is_look) continue;
    advice.limit = std::max(advice.limit, look.head);
    if (static_cast<std::size_t>(jumped) >= kEnough) advice.tail = std::max(advice.tail, look.tail);
  }
  advice.tail = std::min(advice.tail, kMostTail);
  return advice;
}

void Foresight::learn(const std::string& name, const LookTrace& trace) {
  if (trace.head() == 0) return;  // it did not begin at the start: nothing to expect of the next
  std::deque<Look>& looks = kind_of(name).looks;
  looks.emplace_back(trace.head(), trace.tail(), trace.is_look());
  if (looks.size() > kRemembered) looks.pop_front();
}

}  // namespace balancefs
