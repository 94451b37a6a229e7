#include "verify/verify_text.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/text.h"
#include "verify/progress.h"

namespace balancefs {
namespace {

using Names = std::vector<std::string>;

std::string shown(const Path& path, bool folder) {
  return escape_controls(path.is_root() ? "/" : path.str() + (folder ? "/" : ""));
}

std::string list_members(const std::vector<ObjectInfo>& copies, const Names& members) {
  std::string text;
  for (const ObjectInfo& copy : copies)
    text += (text.empty() ? "" : ", ") + escape_controls(members[copy.member]);
  return text;
}

/// What a copy says about what differs.
std::string word_of(DifferenceKind kind, const ObjectInfo& copy) {
  switch (kind) {
    case DifferenceKind::type:
      return copy.type == ObjectType::directory ? "folder" : "file";
    case DifferenceKind::size:
      return fmt::format("{}", copy.size);
    case DifferenceKind::checksum:
      return copy.checksum.empty() ? "none" : escape_controls(copy.checksum);
    case DifferenceKind::modified:
      return copy.validator.modified ? to_text(*copy.validator.modified) : "none";
    case DifferenceKind::missing:
    case DifferenceKind::content:
      break;
  }
  return {};
}

/// "100 on /pt, 90 on /pt.balance1"
std::string list_words(const Difference& difference, const Names& members) {
  std::string text;
  for (const auto* side : {&difference.holders, &difference.others}) {
    for (const ObjectInfo& copy : *side) {
      text += fmt::format("{}{} on {}", text.empty() ? "" : ", ", word_of(difference.kind, copy),
                          escape_controls(members[copy.member]));
    }
  }
  return text;
}

std::string describe_missing(const Difference& difference, const Names& members) {
  return fmt::format("{} {}, missing on {}", difference.holders.size() == 1 ? "only on" : "on",
                     list_members(difference.holders, members), list_members(difference.others, members));
}

std::string what_differs(const Difference& difference, const Names& members) {
  switch (difference.kind) {
    case DifferenceKind::missing:
      return describe_missing(difference, members);
    case DifferenceKind::type:
      return "type differs: " + list_words(difference, members);
    case DifferenceKind::size:
      return "size differs: " + list_words(difference, members);
    case DifferenceKind::checksum:
      return "checksum differs: " + list_words(difference, members);
    case DifferenceKind::modified:
      return "time differs: " + list_words(difference, members);
    case DifferenceKind::content:
      return fmt::format("bytes differ, the first at offset {}: {} and {}", difference.offset,
                         list_members(difference.holders, members), list_members(difference.others, members));
  }
  return {};
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string conclusion(const VerifyCounts& counts, bool interrupted, const std::string& group) {
  if (interrupted) return fmt::format("interrupted: {} was not compared to its end", group);
  switch (outcome_of(counts, interrupted)) {
    case VerifyOutcome::same:
      return fmt::format("the members of {} are the same", group);
    case VerifyOutcome::different:
      return fmt::format("the members of {} differ", group);
    case VerifyOutcome::incomplete:
      return fmt::format("the members of {} could not be compared completely", group);
  }
  return {};
}

}  // namespace

std::string_view to_string(DifferenceKind kind) {
  switch (kind) {
    case DifferenceKind::missing:
      return "missing";
    case DifferenceKind::type:
      return "type";
    case DifferenceKind::size:
      return "size";
    case DifferenceKind::checksum:
      return "checksum";
    case DifferenceKind::modified:
      return "modified";
    case DifferenceKind::content:
      return "content";
  }
  return {};
}

std::string to_text(FileTime time) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t since_epoch = static_cast<std::time_t>(whole.time_since_epoch().count());
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(since_epoch));
}

std::string describe(const Difference& difference, const Names& members) {
  const bool folder = difference.type == ObjectType::directory && difference.kind == DifferenceKind::missing;
  return fmt::format("{}: {}", shown(difference.path, folder), what_differs(difference, members));
}

std::string describe(const Unknown& unknown, const Names& members) {
  return fmt::format("{}: unknown on {}: {}{}", shown(unknown.path, false),
                     escape_controls(members[unknown.member]), escape_controls(unknown.error.text),
                     unknown.gave_up ? "; it is not asked any more" : "");
}

std::string summarise(const VerifyCounts& counts, bool interrupted, const std::string& group) {
  std::string text =
      fmt::format("{}, {}, {} in common", counted(counts.folders, "folder", "folders"),
                  counted(counts.names, "name", "names"), counted(counts.files, "file", "files"));
  if (counts.files_read > 0) {
    text += fmt::format("; {} of {} compared", readable_bytes(static_cast<double>(counts.bytes_compared)),
                        counted(counts.files_read, "file", "files"));
  }
  text += fmt::format("; {}", counted(counts.all_differences(), "difference", "differences"));
  std::string kinds;
  for (std::size_t i = 0; i < kDifferenceKinds; ++i) {
    if (counts.differences[i] == 0) continue;
    kinds += fmt::format("{}{} {}", kinds.empty() ? "" : ", ", counts.differences[i],
                         to_string(static_cast<DifferenceKind>(i)));
  }
  if (!kinds.empty()) text += " (" + kinds + ")";
  if (counts.unknown > 0) text += fmt::format("; {} unknown", counts.unknown);
  return text + "\n" + conclusion(counts, interrupted, escape_controls(group)) + "\n";
}

}  // namespace balancefs
