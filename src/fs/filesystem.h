// The file system's operations by node and handle, POSIX-shaped, without a kernel and without FUSE types.
//
// Joins names (Tree, ListingCache), node ids (InodeTable), open files (HandleTable) and bytes (ReadEngine).
// Never learns how many backends a group has. Everything that writes is refused by src/fuse before it comes
// here. Loop thread; a Task may be cancelled at any time. Failures that deserve a line in the log are logged
// here, once, where they are answered.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fs/absent_names.h"
#include "fs/attributes.h"
#include "fs/errno_table.h"
#include "fs/handle_table.h"
#include "fs/inode_table.h"
#include "fs/tree.h"
#include "io/read_engine.h"

namespace balancefs {

/// Tells the kernel to forget names, because what it knows of them is no longer true.
class KernelNotifier {
 public:
  virtual ~KernelNotifier() = default;
  virtual void invalidate_entries(std::uint64_t parent, const std::vector<std::string_view>& names) = 0;
  /// The kernel asks again before it uses the name, and keeps what turns out to be as it was. Where it cannot
  /// do that, a file's name is invalidated, and a directory's left as it is: programs may stand in it.
  virtual void expire_entry(std::uint64_t parent, std::string name, ObjectType type) = 0;
  /// Waits until the kernel knows all that it was to be told before this call, but for names that wait for a
  /// LOOKUP or READDIR of their directory. False when it did not by then.
  virtual Task<bool> told(Clock& clock, TimePoint deadline) = 0;
};

/// What a lookup gives the kernel. It counts as one reference to `node`.
struct EntryReply {
  std::uint64_t node = 0;  ///< 0: confirmed absent, for `valid_for`
  Attributes attributes;
  Duration valid_for{0};  ///< how long the kernel may answer by itself

  EntryReply() = default;
};

struct AttributesReply {
  Attributes attributes;
  Duration valid_for{0};

  AttributesReply() = default;
};

/// What a refresh has marked.
struct RefreshReport {
  Path folder;               ///< the path itself, or the folder of a file
  std::size_t groups = 0;    ///< that the path is part of, or that lie below it
  std::size_t listings = 0;  ///< that were held

  RefreshReport() = default;
};

class Filesystem {
 public:
  Filesystem(Tree tree, ReadEngine& reads, AttributeMaker attributes);
  Filesystem(const Filesystem&) = delete;
  Filesystem& operator=(const Filesystem&) = delete;

  /// The mount paths are these from now on. Where another group is behind a path than before, what the kernel
  /// knows of it is looked up again; handles go on with what they were opened at, and hold it.
  void replace(Tree tree);
  /// The notifier outlives the mount; null before and after it.
  void set_notifier(KernelNotifier* notifier) { notifier_ = notifier; }
  /// A group's listing of `directory` (a path inside the group) has changed entries.
  void entries_changed(const Path& mount, const Path& directory, std::vector<std::string_view> names);

  /// The user said so: what is known of `path` is asked for anew with its next use, by the kernel too, and
  /// believed, emptiness included; see ListingCache::refresh. `recursive`: of everything below it, in the
  /// groups that are mounted there too.
  RefreshReport refresh(const Path& path, bool recursive);
  /// As KernelNotifier::told; true when nothing is mounted.
  Task<bool> kernel_told(Clock& clock, TimePoint deadline);

  Task<FsResult<EntryReply>> lookup(std::uint64_t parent, std::string name);
  void forget(std::uint64_t node, std::uint64_t count);
  Task<FsResult<AttributesReply>> getattr(std::uint64_t node);

  FsResult<std::uint64_t> opendir(std::uint64_t node);
  /// Makes the handle's snapshot: at its first use and again at offset 0, as rewinddir() promises. Of a large
  /// directory that is still arriving it holds the first names; what lies behind them is waited for.
  Task<FsResult<void>> prepare_directory(std::uint64_t handle, std::uint64_t offset);
  /// The first item of the snapshot at or behind `offset`; nothing at the end, or without such a handle.
  std::optional<DirectoryItem> item(std::uint64_t handle, std::uint64_t offset) const;
  /// The entry of one item for readdirplus: counts a reference. Node 0 where a lookup has to come first.
  EntryReply take_entry(std::uint64_t handle, const DirectoryItem& item);
  /// st_ino of one item, for readdir.
  std::uint64_t item_ino(std::uint64_t handle, const DirectoryItem& item) const;
  void releasedir(std::uint64_t handle);

  /// ESTALE when the node is not the path's current version (the kernel then looks up again by itself).
  Task<FsResult<std::uint64_t>> open(std::uint64_t node);
  /// Full length, shorter only at the end of the file.
  Task<FsResult<ReadReply>> read(std::uint64_t handle, std::uint64_t offset, std::size_t size);
  void release(std::uint64_t handle);

  /// `user.balancefs.*`; see docs/SEMANTICS.md. ENODATA for other names, EOPNOTSUPP for other namespaces.
  Task<FsResult<std::string>> getxattr(std::uint64_t node, std::string name);

  const InodeTable& inodes() const { return inodes_; }
  const HandleTable& handles() const { return handles_; }
  /// The mount path of the member that served a handle's version last; empty when none did.
  static std::string last_member(const FileHandle& file);

 private:
  /// What a path is now: a fixed directory has no entry.
  struct Found {
    ObjectType type = ObjectType::directory;
    Place place;
    std::optional<DirectoryEntry> entry;
    Found() = default;
  };
  Task<Result<Found>> find(Path path);
  Task<FsResult<void>> load(std::shared_ptr<DirectoryHandle> directory);
  Task<FsResult<void>> complete(std::shared_ptr<DirectoryHandle> directory);
  Task<FsError> judge_read_failure(std::shared_ptr<FileHandle> file, Error failure);
  Inode& node_for(Inode& parent, std::string_view name, const DirectoryEntry& entry);
  bool stands_for(const Inode& node, const DirectoryEntry& entry) const;
  void update(Inode& node, const DirectoryEntry& entry);
  bool is_over(const Inode& node) const;
  std::shared_ptr<Version> version_of(const Inode& node, const Path& in_group, const DirectoryEntry& entry);
  Attributes attributes_of(const Path& path, const ObjectInfo& info) const;
  EntryReply absent(const Path& path);
  void expire(const Path& path, ObjectType type);
  void outdate(std::uint64_t node);
  std::string describe_members(const Place& place, const DirectoryEntry* entry) const;

  std::string last_member(const Inode& node) const;

  Tree tree_;
  std::uint64_t generation_ = 0;  ///< of tree_: what was asked of an earlier one may not be true any more
  ReadEngine& reads_;
  AttributeMaker attributes_;
  InodeTable inodes_;
  HandleTable handles_;
  AbsentNames absent_names_;
  KernelNotifier* notifier_ = nullptr;
  std::uint64_t next_version_ = 1;
};

}  // namespace balancefs
