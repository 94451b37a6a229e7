// A directory of a group as everybody sees it: the union of what its members hold, at one moment.
//
// Immutable and shared: an open directory handle keeps its snapshot while the cache goes on. Holds no copy of
// any name or attribute: it shares the members' listings, keeps which of their rows make which name (4 bytes
// a member and name; nothing where one member lists alone) and makes an entry when asked for it.
#pragma once

#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "meta/merge.h"

namespace balancefs {

/// What the members of a group said about one directory at one moment. Shares the listings.
struct MembersWords {
  std::vector<MemberListing> listings;  ///< by member; empty: nothing known, or the directory is not there
  IdentityRule rule = IdentityRule::size;
  std::shared_ptr<const ChangedCopies> changed;  ///< never null in use

  MembersWords() = default;
  /// Looks at this object.
  MergeInput input() const;
};

class Directory {
 public:
  Directory(MembersWords words, bool complete);
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  std::size_t size() const;
  bool empty() const { return size() == 0; }
  // By index, in the order of names. Views live as long as the snapshot.
  std::string_view name(std::size_t index) const;
  /// The authority's word.
  InfoView info(std::size_t index) const;
  DirectoryEntry entry(std::size_t index) const;
  /// Nothing when there is no such name.
  std::optional<std::size_t> index_of(std::string_view name) const;
  std::optional<DirectoryEntry> find(std::string_view name) const;

  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = DirectoryEntry;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = DirectoryEntry;
    Iterator(const Directory& directory, std::size_t index) : directory_(&directory), index_(index) {}
    DirectoryEntry operator*() const { return directory_->entry(index_); }
    Iterator& operator++() {
      ++index_;
      return *this;
    }
    bool operator==(const Iterator& other) const { return index_ == other.index_; }

   private:
    const Directory* directory_;
    std::size_t index_;
  };
  /// Every entry, made one after the other: `for (const DirectoryEntry& entry : directory.entries())`.
  struct Entries {
    const Directory& directory;
    explicit Entries(const Directory& of) : directory(of) {}
    Iterator begin() const { return Iterator(directory, 0); }
    Iterator end() const { return Iterator(directory, directory.size()); }
  };
  Entries entries() const { return Entries(*this); }

  /// Every member answered, or its last good answer was used.
  bool complete() const { return complete_; }

 private:
  /// The member that is the authority of a name, and its row there.
  struct Lister {
    const MemberListing* member;
    RowIndex row;
    Lister(const MemberListing& listing, RowIndex index) : member(&listing), row(index) {}
  };
  Lister authority(std::size_t index) const;

  MembersWords words_;
  MergeInput input_;              ///< of words_
  const MemberListing* only_;     ///< the one that lists anything; null: several do
  std::vector<RowIndex> merged_;  ///< where several list: see merge_rows()
  bool complete_;
};

}  // namespace balancefs
