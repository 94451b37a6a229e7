// Whether two members' words about one name are about the same bytes, and why. Pure.
//
// One verdict decides and explains: who is read for a path asks it for yes or no, and the extended attribute
// puts the same verdict into words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "balancefs/options.h"
#include "meta/info_view.h"

namespace balancefs {

using IdentityRule = GroupOptions::IdentityRule;

/// What one member's word about a name is to the authority's.
struct IdentityVerdict {
  enum class Kind : std::uint8_t {
    authority,
    same,
    other_type,
    other_size,
    other_time,
    no_time,            ///< one of the two gives none, under "size+mtime"
    other_checksum,     ///< of `checksum`
    no_checksum,        ///< none of one kind, under "checksum"
    changed,            ///< its own validator changed while the size stayed, and the authority's did not
    authority_changed,  ///< the other way round
    absent,             ///< it does not have it
    unknown,            ///< it has not said
  };
  Kind kind = Kind::unknown;
  bool rounded = false;  ///< same: one of the two sizes is not exact
  bool time = false;     ///< same: the times agree too, as the rule wants
  std::string_view
      checksum;  ///< same: the kind that agrees too, if any; other_checksum: the one that differs

  IdentityVerdict() = default;
  explicit IdentityVerdict(Kind what) : kind(what) {}
  bool same() const { return kind == Kind::same; }
  /// It is known to be something else. A checksum that is only missing, perhaps until somebody asks for it,
  /// says neither.
  bool differs() const {
    return !same() && kind != Kind::authority && kind != Kind::no_checksum && kind < Kind::absent;
  }
};

/// Of two words about files, by what both members say of themselves now.
IdentityVerdict judge_identity(IdentityRule rule, const InfoView& authority, const InfoView& copy);
/// Whether `copy` counts as the same bytes as `authority`: what judge_identity() says.
bool same_identity(IdentityRule rule, const InfoView& authority, const InfoView& copy);
/// Whether both could have the same number of bytes.
bool sizes_may_match(const InfoView& left, const InfoView& right);

/// What was decided for one member of a group, and what it was decided by.
struct MemberVerdict {
  IdentityVerdict verdict;
  std::optional<ObjectInfo> said;  ///< absent: nothing about that name

  MemberVerdict() = default;
};

/// What was decided for one file.
struct IdentityDecision {
  IdentityRule rule = IdentityRule::size;
  ObjectInfo authority;                ///< with the size that programs are shown
  std::vector<MemberVerdict> members;  ///< by index

  IdentityDecision() = default;
};

/// "size=3 rule=size; /pt: authority; /pt.balance1: same (size); /pt.balance2: other (size 4)", of members
/// called `names`, in one line. No longer than an extended attribute may be: of more members than fit, how
/// many are left out.
std::string to_text(const IdentityDecision& decision, const std::vector<std::string>& names);

}  // namespace balancefs
