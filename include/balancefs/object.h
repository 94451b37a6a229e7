// Names and attributes of what storages hold. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "balancefs/clock.h"
#include "balancefs/result.h"

namespace balancefs {

/// Which member of a group; an index in the group's order. 0 for a storage that is not a group.
using MemberIndex = std::uint16_t;

/// A path inside one storage: components joined by '/', none empty, "." or "..", no NUL. The root is "".
class Path {
 public:
  Path() = default;
  /// Splits at '/', drops empty components. Refuses "." and ".." and NUL: `unsupported`.
  static Result<Path> parse(std::string_view text);
  /// Whether `name` may be one component: not empty, not "." or "..", without '/' and NUL.
  static bool valid_name(std::string_view name);

  /// `name` must be valid_name().
  Path child(std::string_view name) const;
  /// The root's parent is the root.
  Path parent() const;
  /// The last component; empty for the root.
  std::string_view name() const;
  bool is_root() const { return text_.empty(); }
  /// Whether this is `ancestor` or below it.
  bool is_within(const Path& ancestor) const;
  const std::string& str() const { return text_; }
  bool operator==(const Path&) const = default;
  auto operator<=>(const Path&) const = default;

 private:
  explicit Path(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

enum class ObjectType : std::uint8_t { file, directory };

enum class SizeKind : std::uint8_t {
  exact,
  rounded,  ///< an index page's "1.2M": good for `ls`, made exact by stat() before anything relies on it
  unknown,
};

/// What a server says about which state of an object it speaks of. Either part may be missing.
struct Validator {
  std::string etag;  ///< with quotes, without a W/ prefix; empty when not given
  std::optional<FileTime> modified;

  Validator() = default;
  Validator(std::string tag, std::optional<FileTime> time) : etag(std::move(tag)), modified(time) {}
  bool empty() const { return etag.empty() && !modified; }
  /// Compares kind by kind where both sides gave one: ETags when both have one, else times when both have
  /// one. True when they differ. Never call it on validators of different servers.
  bool contradicts(const Validator& other) const;
  bool operator==(const Validator&) const = default;
};

/// One member's word about one object.
struct ObjectInfo {
  ObjectType type = ObjectType::file;
  SizeKind size_kind = SizeKind::exact;
  MemberIndex member = 0;  ///< who says so
  std::uint64_t size = 0;  ///< bytes; 0 for directories
  Validator validator;     ///< the listing's; never compared with a data answer's
  std::string checksum;    ///< "sha1:hex" and the like; empty when not given

  ObjectInfo() = default;
  bool operator==(const ObjectInfo&) const = default;
};

/// Receives a directory while it arrives. Loop thread.
class ListingSink {
 public:
  virtual ~ListingSink() = default;
  /// One entry; `info.member` says whose. `name` is valid_name(). An error ends that member's listing.
  virtual Result<void> entry(std::string_view name, const ObjectInfo& info) = 0;
  /// A group's member has listed everything (success) or failed: then its entries so far mean nothing.
  /// Called exactly once for every member by groups, never by single storages.
  virtual void member_done(MemberIndex member, const Result<void>& outcome) = 0;
};

}  // namespace balancefs
