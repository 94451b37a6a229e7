#include "balancefs/version.h"

#include <algorithm>

namespace balancefs {

Version::Version(std::uint64_t id, Path path, std::vector<ObjectInfo> copies)
    : id_(id), path_(std::move(path)), copies_(std::move(copies)) {
  BALANCEFS_CHECK(!copies_.empty());
}

const Path& Version::path_of(MemberIndex member) const {
  const auto found = paths_.find(member);
  return found == paths_.end() ? path_ : found->second;
}

void Version::set_copies(std::vector<ObjectInfo> copies) {
  BALANCEFS_CHECK(!copies.empty() && copies.front().size == size());
  copies_ = std::move(copies);
}

Result<void> Version::confirm(const std::string& source, const Validator& validator) {
  if (validator.empty()) return {};
  Validator& pin = pins_.try_emplace(source, validator).first->second;
  if (pin.contradicts(validator)) {
    return fail(ErrorKind::changed, "another validator than before from " + source);
  }
  // A kind that the first answer lacked is compared from now on.
  if (pin.etag.empty()) pin.etag = validator.etag;
  if (!pin.modified) pin.modified = validator.modified;
  return {};
}

bool Version::validated() const {
  return !pins_.empty() || !info().validator.empty();
}

Version::Standing Version::standing(MemberIndex member) const {
  const auto found = standings_.find(member);
  return found == standings_.end() ? Standing::unproven : found->second;
}

void Version::set_proven(MemberIndex member) {
  standings_.try_emplace(member, Standing::proven).first->second = Standing::proven;
}

void Version::set_divergent(MemberIndex member) {
  standings_.try_emplace(member, Standing::divergent).first->second = Standing::divergent;
}

std::optional<HeldBytes::Sample> Version::spare_sample(std::uint64_t offset, std::size_t limit) const {
  const std::size_t count = std::min(limit, spare_.bytes.size());
  if (count == 0) return std::nullopt;
  const bool adjoins = spare_.offset + spare_.bytes.size() == offset;
  const std::size_t from = adjoins ? spare_.bytes.size() - count : 0;
  const auto first = spare_.bytes.begin() + static_cast<std::ptrdiff_t>(from);
  HeldBytes::Sample sample;
  sample.offset = spare_.offset + from;
  sample.bytes.assign(first, first + static_cast<std::ptrdiff_t>(count));
  return sample;
}

void Version::follow() {
  BALANCEFS_CHECK(!delivered_);
  spare_ = HeldBytes::Sample();
  pins_.clear();
  standings_.clear();
  ++epoch_;
}

}  // namespace balancefs
