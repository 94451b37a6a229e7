// The kernel's node ids: what each stands for, and how long.
//
// A directory keeps its node id for as long as the kernel remembers it. A file's node id stands for one
// version: another version of the same path gets a new id (same st_ino), and the old node is outdated, so
// that an old handle and a new one never share pages of the kernel's cache. Ids never come again. A node
// lives while the kernel's lookup count is above zero or nodes of its directory live. Loop thread.
//
// The kernel knows every name that a program has seen, a million of them and more: a node is one block of 48
// bytes and its own name, found through 8 bytes by its id and 4 to 8 by its name. No path is written down.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "balancefs/version.h"
#include "fs/same_version.h"

namespace balancefs {

class Inode {
 public:
  static constexpr std::size_t kLongestName = (std::size_t{1} << 14) - 1;

  Inode(const Inode&) = delete;
  Inode& operator=(const Inode&) = delete;

  std::uint64_t id() const { return std::uint64_t{serial_} << 32 | slot_; }
  /// Empty for the root.
  std::string_view name() const {
    return std::string_view(reinterpret_cast<const char*>(this + 1), name_size_);
  }
  ObjectType type() const { return static_cast<ObjectType>(type_); }
  /// Another version has taken the path.
  bool outdated() const { return outdated_ != 0; }
  /// Files.
  FileStamp stamp() const;
  void set_stamp(const FileStamp& stamp);

 private:
  friend class InodeTable;
  struct Free {
    void operator()(Inode* node) const;
  };
  using Pointer = std::unique_ptr<Inode, Free>;
  static Pointer make(std::string_view name, ObjectType type);
  Inode(std::string_view name, ObjectType type);

  std::uint64_t size_ = 0, etag_ = 0;
  std::int64_t modified_ = 0;
  std::uint32_t slot_ = 0, serial_ = 0;
  std::uint32_t parent_ = 0;      ///< slot of the directory; the root's is its own
  std::uint32_t next_ = 0;        ///< slot of the next node with such a name; 0: none
  std::uint32_t references_ = 0;  ///< the kernel's lookups and the nodes in this directory
  MemberIndex member_ = 0;
  std::uint16_t name_size_ : 14;
  std::uint16_t type_ : 1;
  std::uint16_t outdated_ : 1;
  // The name follows.
};
static_assert(sizeof(Inode) == 48);

class InodeTable {
 public:
  static constexpr std::uint64_t kRoot = 1;  // FUSE_ROOT_ID

  InodeTable();
  /// Null when the kernel never got that id, or has forgotten it.
  Inode* find(std::uint64_t id);
  /// The node that stands for the path now; null when the kernel knows none.
  Inode* current(const Path& path);
  /// The same by the directory that the name is in.
  Inode* current(const Inode& parent, std::string_view name);
  /// The directory's node, made when there is none. A file's node of that name becomes outdated.
  Inode& directory(Inode& parent, std::string_view name);
  /// A node for another version of a file, or the first; the name's earlier node becomes outdated.
  Inode& new_file(Inode& parent, std::string_view name, const FileStamp& stamp);
  /// The directory that it was found in.
  const Inode& parent(const Inode& node) const { return *slots_[node.parent_]; }
  Path path(const Inode& node) const;

  /// What reading needs, from the first open on, until the node is forgotten: what the kernel keeps of the
  /// node's bytes must never meet those of another version. Null: it was not opened.
  std::shared_ptr<Version> version(const Inode& node) const;
  void set_version(const Inode& node, std::shared_ptr<Version> version);

  /// The name no longer leads to the node: its handles go on, opening it again answers ESTALE.
  void outdate(Inode& node);
  void add_lookup(Inode& node) { refer(node); }
  /// The kernel gives back `count` references.
  void forget(std::uint64_t id, std::uint64_t count);
  std::size_t size() const { return size_; }
  /// Every node that a name leads to now. None may be made or go meanwhile.
  template <class Visit>
  void for_each_current(Visit visit) const {
    for (const auto& node : slots_) {
      if (node != nullptr && !node->outdated()) visit(*node);
    }
  }

 private:
  using Slot = std::uint32_t;
  Inode& add(Inode& parent, std::string_view name, ObjectType type);
  Slot free_slot();
  static void refer(Inode& node);
  void release(Inode* node, std::uint64_t count);
  Slot& chain(Slot parent, std::string_view name);
  void link(Inode& node);
  void unlink(const Inode& node);
  void resize_chains(std::size_t count);

  std::deque<Inode::Pointer> slots_;  ///< null: free, as 0 always is
  std::vector<Slot> free_;
  std::vector<Slot> chains_;  ///< first of the current nodes whose directory and name have that hash; 0: none
  std::size_t size_ = 0;
  std::uint32_t last_serial_ = 0;
  std::unordered_map<std::uint64_t, std::shared_ptr<Version>> versions_;  ///< by node
};

}  // namespace balancefs
