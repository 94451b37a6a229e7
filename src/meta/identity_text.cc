// The words for what was decided about a file's copies.
#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>

#include "meta/identity.h"

namespace balancefs {
namespace {

using Kind = IdentityVerdict::Kind;

/// The kernel takes 64 KiB; of them, room for the note on what was left out.
constexpr std::size_t kMostText = 63 * 1024;

std::string_view name_of(IdentityRule rule) {
  switch (rule) {
    case IdentityRule::size:
      return "size";
    case IdentityRule::size_mtime:
      return "size+mtime";
    case IdentityRule::checksum:
      return "checksum";
  }
  return {};
}

std::string size_of(const ObjectInfo& info) {
  if (info.size_kind == SizeKind::unknown) return "unknown";
  return fmt::format("{}{}", info.size_kind == SizeKind::rounded ? "about " : "", info.size);
}

std::string time_of(const ObjectInfo& info) {
  if (!info.validator.modified) return "not given";
  const auto seconds = std::chrono::floor<std::chrono::seconds>(*info.validator.modified);
  const auto since_epoch = static_cast<std::time_t>(seconds.time_since_epoch().count());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(since_epoch));
}

/// One word, of several kinds too.
std::string checksums_of(const ObjectInfo& info) {
  std::string text = info.checksum.empty() ? "not given" : info.checksum;
  if (!info.checksum.empty()) std::ranges::replace(text, ' ', ',');
  return text;
}

std::string why_same(const IdentityVerdict& verdict) {
  std::string text = verdict.rounded ? "size as far as known" : "size";
  if (verdict.time) text += ", time";
  if (!verdict.checksum.empty()) text.append(", ").append(verdict.checksum);
  return text;
}

std::string why_other(const IdentityVerdict& verdict, const ObjectInfo& said) {
  switch (verdict.kind) {
    case Kind::other_type:
      return said.type == ObjectType::directory ? "a folder" : "a file";
    case Kind::other_size:
      return "size " + size_of(said);
    case Kind::other_time:
    case Kind::no_time:
      return "time " + time_of(said);
    case Kind::other_checksum:
      return fmt::format("{} differs: {}", verdict.checksum, checksums_of(said));
    case Kind::no_checksum:
      return "no checksum of the same kind: " + checksums_of(said);
    case Kind::changed:
      return "changed while its size stayed";
    case Kind::authority_changed:
      return "the authority changed while its size stayed";
    case Kind::authority:
    case Kind::same:
    case Kind::absent:
    case Kind::unknown:
      break;
  }
  return {};
}

std::string words(const MemberVerdict& member) {
  switch (member.verdict.kind) {
    case Kind::authority:
      return "authority";
    case Kind::same:
      return "same (" + why_same(member.verdict) + ")";
    case Kind::absent:
      return "does not have it";
    case Kind::unknown:
      return "not known";
    default:
      return "other (" + why_other(member.verdict, *member.said) + ")";
  }
}

}  // namespace

std::string to_text(const IdentityDecision& decision, const std::vector<std::string>& names) {
  std::string text = fmt::format("size={}", decision.authority.size);
  if (!decision.authority.checksum.empty()) text += " checksum=" + checksums_of(decision.authority);
  text.append(" rule=").append(name_of(decision.rule));
  for (std::size_t m = 0; m < decision.members.size(); ++m) {
    const std::string part = fmt::format("; {}: {}", names.at(m), words(decision.members[m]));
    if (text.size() + part.size() > kMostText)
      return text + fmt::format("; {} more", decision.members.size() - m);
    text += part;
  }
  return text;
}

}  // namespace balancefs
