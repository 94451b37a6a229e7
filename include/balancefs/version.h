// One state of a visible file, shared by all its handles.
//
// A Version says what the bytes must be: the size and the authority's listing validator, who holds a copy,
// and per source of data the validator that its first answer gave ("pins"). Anything that contradicts it ends
// the use of that source for this version; versions are never mixed. Loop thread; owned by shared_ptr from
// the inode, its handles, its blocks and the transfers under way.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

/// Bytes of a version that are held in memory (or on disk), for members to prove themselves against.
class HeldBytes {
 public:
  struct Sample {
    std::uint64_t offset = 0;
    std::vector<std::byte> bytes;
    Sample() = default;
  };
  virtual ~HeldBytes() = default;
  /// Up to `limit` held bytes: those that end exactly at `offset` where there are any, else any others.
  virtual std::optional<Sample> sample_near(std::uint64_t offset, std::size_t limit) const = 0;
};

class Version {
 public:
  /// What a member is known to be for this version.
  enum class Standing : std::uint8_t {
    unproven,   ///< none of the held bytes came from it and none was compared
    proven,     ///< its bytes are held or were compared with held ones
    divergent,  ///< it holds something else: never read for this version
  };

  /// `copies`: each member that holds the path with the authority's identity, in the group's order; the first
  /// is the authority and gives size and validator. `id` is unique in the process (VersionIds).
  Version(std::uint64_t id, Path path, std::vector<ObjectInfo> copies);
  Version(const Version&) = delete;
  Version& operator=(const Version&) = delete;

  std::uint64_t id() const { return id_; }
  const Path& path() const { return path_; }
  /// As a member is asked for it: path() unless a decorator in front of that member says otherwise.
  const Path& path_of(MemberIndex member) const;
  void set_path_of(MemberIndex member, Path path) { paths_.insert_or_assign(member, std::move(path)); }
  std::uint64_t size() const { return copies_.front().size; }
  const ObjectInfo& info() const { return copies_.front(); }
  /// Who holds it. A newer listing may change it at any co_await: never keep a reference across one.
  const std::vector<ObjectInfo>& copies() const { return copies_; }
  /// A newer listing of the same version: other holders, or other listing validators of members that agree.
  /// CHECKs that it is not empty and has the same size.
  void set_copies(std::vector<ObjectInfo> copies);

  /// Compares a data answer's validator with the pin of its source; the first answer sets the pin. `source`
  /// names member, direct or redirected, and host. `changed` when they contradict each other.
  Result<void> confirm(const std::string& source, const Validator& validator);
  /// Whether any source gave a validator: only then may blocks outlive the version's handles.
  bool validated() const;
  /// By source.
  const std::map<std::string, Validator>& pins() const { return pins_; }

  Standing standing(MemberIndex member) const;
  void set_proven(MemberIndex member);
  void set_divergent(MemberIndex member);

  /// True from the first answered READ on: until then the version may follow the file to a newer state of the
  /// same size, afterwards never.
  bool delivered() const { return delivered_; }
  void mark_delivered() { delivered_ = true; }
  /// Forgets pins, proofs and divergence, for a version that follows. CHECKs that nothing was delivered. The
  /// caller drops the held bytes. `epoch()` tells transfers that began before.
  void follow();
  std::uint32_t epoch() const { return epoch_; }

  /// No holder remains: reads of what is not held answer ESTALE from now on; a new open makes a new version,
  /// also when the listing looks the same.
  bool ended() const { return ended_; }
  void end() { ended_ = true; }

  /// The bytes held of this version; null when none. Set and cleared by their owner (src/io).
  const HeldBytes* held() const { return held_; }
  void set_held(const HeldBytes* held) { held_ = held; }
  /// Some bytes that are kept elsewhere than in memory, for members to prove themselves against where
  /// nothing else is held: as HeldBytes::sample_near. follow() forgets them.
  void set_spare_sample(HeldBytes::Sample sample) { spare_ = std::move(sample); }
  std::optional<HeldBytes::Sample> spare_sample(std::uint64_t offset, std::size_t limit) const;

  /// The member that served this version's last data, for `user.balancefs.member`.
  std::optional<MemberIndex> last_member() const { return last_member_; }
  void set_last_member(MemberIndex member) { last_member_ = member; }

 private:
  std::uint64_t id_;
  Path path_;
  std::map<MemberIndex, Path> paths_;  ///< of members that call it otherwise
  std::vector<ObjectInfo> copies_;
  std::map<std::string, Validator> pins_;
  std::map<MemberIndex, Standing> standings_;
  const HeldBytes* held_ = nullptr;
  HeldBytes::Sample spare_;
  std::optional<MemberIndex> last_member_;
  std::uint32_t epoch_ = 0;
  bool delivered_ = false;
  bool ended_ = false;
};

}  // namespace balancefs
