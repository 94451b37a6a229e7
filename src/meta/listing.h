// What one member listed in one directory: names and attributes, sorted by name.
//
// Owned by the directory's state (directory_state.h), loop thread. Beside the rows it keeps what stat() said
// of single files since: a stat makes a rounded or unknown size exact, but its validator never replaces the
// listing's, because index pages give minutes (in their own time zone) where HEAD gives seconds, and a
// version is named by the listing's validator.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "balancefs/object.h"

namespace balancefs {

struct ListedEntry {
  std::string name;
  ObjectInfo info;

  ListedEntry() = default;
  ListedEntry(std::string called, ObjectInfo attributes)
      : name(std::move(called)), info(std::move(attributes)) {}
  bool operator==(const ListedEntry&) const = default;
};

/// What a stat said of one file, and what the listing had said when it was asked.
struct StatNote {
  TimePoint at;
  ObjectInfo stat;
  ObjectInfo listed;

  StatNote() = default;
  StatNote(TimePoint when, ObjectInfo said, ObjectInfo row)
      : at(when), stat(std::move(said)), listed(std::move(row)) {}
};

class MemberListing {
 public:
  MemberListing() = default;
  /// In any order; of a name that comes twice the first stays.
  explicit MemberListing(std::vector<ListedEntry> entries);

  const std::vector<ListedEntry>& entries() const { return entries_; }
  std::size_t size() const { return entries_.size(); }
  bool empty() const { return entries_.empty(); }
  /// The attributes as known best: the listing's, with a stat's size. Null when not listed.
  const ObjectInfo* find(std::string_view name) const;
  /// As the listing itself said, whatever stats said since. Null when not listed.
  const ObjectInfo* listed(std::string_view name) const;
  const StatNote* note(std::string_view name) const;

  /// Takes a stat's size for a listed name and remembers the rest beside it.
  void note_stat(std::string_view name, TimePoint at, const ObjectInfo& stat);
  /// Keeps the notes of `older` for rows that are listed exactly as they were then, with a validator to say
  /// so.
  void inherit_notes(const MemberListing& older);

 private:
  ObjectInfo* find_row(std::string_view name);

  std::vector<ListedEntry> entries_;
  std::map<std::string, StatNote, std::less<>> notes_;
};

/// The names whose rows differ between two listings of one member, sorted.
std::vector<std::string> changed_names(const MemberListing& before, const MemberListing& after);

}  // namespace balancefs
