// One member's word about one object, seen where it lies: in a listing's text or in an ObjectInfo.
//
// What is compared a hundred thousand times (merging, changes, surveys) is compared as views; an ObjectInfo
// with strings of its own is made for what leaves src/meta. Valid for as long as what it looks at.
#pragma once

#include <optional>
#include <string_view>

#include "balancefs/object.h"

namespace balancefs {

struct InfoView {
  ObjectType type = ObjectType::file;
  SizeKind size_kind = SizeKind::exact;
  MemberIndex member = 0;
  std::uint64_t size = 0;
  std::string_view etag;
  std::optional<FileTime> modified;
  std::string_view checksum;

  InfoView() = default;
  /// Implicit: whatever takes a view takes the object.
  InfoView(const ObjectInfo& info)
      : type(info.type),
        size_kind(info.size_kind),
        member(info.member),
        size(info.size),
        etag(info.validator.etag),
        modified(info.validator.modified),
        checksum(info.checksum) {}

  /// As Validator::contradicts.
  bool contradicts(const InfoView& other) const {
    if (!etag.empty() && !other.etag.empty()) return etag != other.etag;
    return modified && other.modified && *modified != *other.modified;
  }
  bool validated() const { return !etag.empty() || modified.has_value(); }
  ObjectInfo info() const {
    ObjectInfo out;
    copy_to(out);
    return out;
  }
  /// As info(), with the strings that `out` has already.
  void copy_to(ObjectInfo& out) const {
    out.type = type;
    out.size_kind = size_kind;
    out.member = member;
    out.size = size;
    out.validator.etag.assign(etag);
    out.validator.modified = modified;
    out.checksum.assign(checksum);
  }
  bool operator==(const InfoView&) const = default;
};

}  // namespace balancefs
