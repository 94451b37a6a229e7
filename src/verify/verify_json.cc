#include "verify/verify_json.h"

#include <nlohmann/json.hpp>

#include "verify/verify_text.h"

namespace balancefs {
namespace {

using Json = nlohmann::ordered_json;
using Names = std::vector<std::string>;

std::string one_line(const Json& object) {
  return object.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string_view type_name(ObjectType type) {
  return type == ObjectType::directory ? "directory" : "file";
}

/// What the member says of its copy; a member that lacks the name says nothing.
Json copy_json(const ObjectInfo& copy, const Names& members, bool missing) {
  Json out;
  out["member"] = members[copy.member];
  if (missing) return out;
  out["type"] = type_name(copy.type);
  if (copy.type == ObjectType::directory) return out;
  if (copy.size_kind == SizeKind::exact) out["size"] = copy.size;
  if (copy.validator.modified) out["modified"] = to_text(*copy.validator.modified);
  if (!copy.checksum.empty()) out["checksum"] = copy.checksum;
  return out;
}

Json copies_json(const std::vector<ObjectInfo>& copies, const Names& members, bool missing) {
  Json out = Json::array();
  for (const ObjectInfo& copy : copies) out.push_back(copy_json(copy, members, missing));
  return out;
}

std::string_view outcome_name(VerifyOutcome outcome) {
  switch (outcome) {
    case VerifyOutcome::same:
      return "same";
    case VerifyOutcome::different:
      return "different";
    case VerifyOutcome::incomplete:
      return "incomplete";
  }
  return {};
}

}  // namespace

std::string to_json(const Difference& difference, const Names& members) {
  Json out;
  out["event"] = "difference";
  out["kind"] = to_string(difference.kind);
  out["path"] = difference.path.str();
  out["type"] = type_name(difference.type);
  out["on"] = copies_json(difference.holders, members, false);
  out["others"] = copies_json(difference.others, members, difference.kind == DifferenceKind::missing);
  if (difference.kind == DifferenceKind::content) out["offset"] = difference.offset;
  return one_line(out);
}

std::string to_json(const Unknown& unknown, const Names& members) {
  Json out;
  out["event"] = "unknown";
  out["path"] = unknown.path.str();
  out["member"] = members[unknown.member];
  out["error"] = to_string(unknown.error.kind);
  out["text"] = unknown.error.text;
  out["gave_up"] = unknown.gave_up;
  return one_line(out);
}

std::string summary_json(const VerifyCounts& counts, bool interrupted, const std::string& group,
                         const Names& members) {
  Json out;
  out["event"] = "summary";
  out["version"] = 1;
  out["group"] = group;
  out["members"] = members;
  out["outcome"] = outcome_name(outcome_of(counts, interrupted));
  out["interrupted"] = interrupted;
  out["folders"] = counts.folders;
  out["names"] = counts.names;
  out["files"] = counts.files;
  Json kinds;
  for (std::size_t i = 0; i < kDifferenceKinds; ++i)
    kinds[std::string(to_string(static_cast<DifferenceKind>(i)))] = counts.differences[i];
  out["differences"] = std::move(kinds);
  out["unknown"] = counts.unknown;
  out["files_read"] = counts.files_read;
  out["bytes_compared"] = counts.bytes_compared;
  out["bytes_fetched"] = counts.bytes_fetched;
  return one_line(out);
}

}  // namespace balancefs
