#include "io/disk_version.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

#include "base/text.h"

namespace balancefs {
namespace {

/// A pin's source is "MEMBER/direct/HOST", the member by its index.
std::optional<DiskPin> named(const std::string& source, const Validator& validator,
                             const FileOrigin& origin) {
  const std::size_t slash = source.find('/');
  if (slash == std::string::npos) return std::nullopt;
  const auto index = parse_number(std::string_view(source).substr(0, slash));
  if (!index || *index >= origin.members.size()) return std::nullopt;
  DiskPin pin;
  pin.member = origin.members[*index];
  pin.source = source.substr(slash + 1);
  pin.validator = validator;
  return pin;
}

/// The indexes of members whose copies are listed as they were.
std::map<std::string, MemberIndex> unchanged_members(const Version& version, const DiskHeader& header,
                                                     const FileOrigin& origin) {
  std::map<std::string, MemberIndex> members;
  for (const ObjectInfo& copy : version.copies()) {
    if (copy.member >= origin.members.size()) continue;
    const std::string& name = origin.members[copy.member];
    const auto then = std::ranges::find(header.copies, name, &DiskCopy::member);
    if (then == header.copies.end() || !confirms(then->validator, copy.validator)) continue;
    members.emplace(name, copy.member);
  }
  return members;
}

std::map<std::string, Validator> pins_now(const Version& version, const DiskHeader& header,
                                          const FileOrigin& origin) {
  const auto members = unchanged_members(version, header, origin);
  std::map<std::string, Validator> pins;
  for (const DiskPin& pin : header.pins) {
    const auto member = members.find(pin.member);
    if (member != members.end())
      pins.emplace(std::to_string(member->second) + "/" + pin.source, pin.validator);
  }
  return pins;
}

/// A member that is down is none of the holders; what is known of it counts again when it is back.
void keep_absent(DiskHeader& header, const DiskHeader& earlier) {
  const std::size_t present = header.copies.size();
  for (const DiskCopy& copy : earlier.copies) {
    const auto now = std::span(header.copies).first(present);
    if (std::ranges::find(now, copy.member, &DiskCopy::member) != now.end()) continue;
    header.copies.push_back(copy);
    for (const DiskPin& pin : earlier.pins) {
      if (pin.member == copy.member) header.pins.push_back(pin);
    }
    if (std::ranges::find(earlier.proven, copy.member) != earlier.proven.end())
      header.proven.push_back(copy.member);
  }
}

}  // namespace

std::vector<DiskCopy> copies_of(const Version& version, const FileOrigin& origin) {
  std::vector<DiskCopy> copies;
  for (const ObjectInfo& copy : version.copies()) {
    if (copy.member < origin.members.size()) copies.emplace_back(origin.members[copy.member], copy.validator);
  }
  return copies;
}

DiskHeader describe(const Version& version, const FileOrigin& origin, const DiskHeader& earlier) {
  DiskHeader header;
  header.path = origin.path;
  header.size = version.size();
  header.copies = copies_of(version, origin);
  for (const auto& [source, validator] : version.pins()) {
    if (auto pin = named(source, validator, origin)) header.pins.push_back(std::move(*pin));
  }
  for (const ObjectInfo& copy : version.copies()) {
    const bool proven = version.standing(copy.member) == Version::Standing::proven;
    if (proven && copy.member < origin.members.size()) header.proven.push_back(origin.members[copy.member]);
  }
  keep_absent(header, earlier);
  return header;
}

namespace {

/// Whether the bytes described came from the member of a pin, or were compared with its own.
bool proven_then(const DiskHeader& header, const std::string& source, const FileOrigin& origin) {
  const auto pin = named(source, Validator(), origin);
  return pin && std::ranges::find(header.proven, pin->member) != header.proven.end();
}

}  // namespace

bool may_join(const Version& version, const DiskHeader& header, const FileOrigin& origin) {
  const auto stored = pins_now(version, header, origin);
  bool confirmed = version.pins().empty();
  for (const auto& [source, validator] : version.pins()) {
    const auto then = stored.find(source);
    if (then == stored.end()) continue;
    if (then->second.contradicts(validator)) return false;
    // A pin alone is no proof: a member that held something else has answered too.
    confirmed = confirmed || (confirms(then->second, validator) && proven_then(header, source, origin));
  }
  const bool untouched = std::ranges::none_of(version.copies(), [&version](const ObjectInfo& copy) {
    return version.standing(copy.member) == Version::Standing::proven;
  });
  return confirmed && (untouched || !version.pins().empty());
}

void restore(Version& version, const DiskHeader& header, const FileOrigin& origin) {
  for (const auto& [source, validator] : pins_now(version, header, origin)) {
    static_cast<void>(version.confirm(source, validator));
  }
  const auto members = unchanged_members(version, header, origin);
  for (const std::string& name : header.proven) {
    const auto member = members.find(name);
    const bool unproven =
        member != members.end() && version.standing(member->second) == Version::Standing::unproven;
    if (unproven) version.set_proven(member->second);
  }
}

}  // namespace balancefs
