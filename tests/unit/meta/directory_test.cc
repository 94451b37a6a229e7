// Snapshots: views of the members' listings that say the same as the union of plain maps, and stay as they
// were.
#include "meta/directory.h"

#include <gtest/gtest.h>

#include "meta/directory_state.h"
#include "unit/meta/any_rows.h"

namespace balancefs::test {
namespace {

const MetadataOptions kOptions;
constexpr std::size_t kMembers = 3;

std::vector<DirectoryEntry> all(const Directory& directory) {
  std::vector<DirectoryEntry> entries;
  for (const DirectoryEntry& entry : directory.entries()) entries.push_back(entry);
  return entries;
}

RC_GTEST_PROP(DirectoryProperty, EveryWayToAskGivesTheSameEntry, ()) {
  DirectoryState state(Path(), kMembers, *rc::gen::element(IdentityRule::size, IdentityRule::size_mtime));
  for (MemberIndex m = 0; m < kMembers; ++m) {
    if (*rc::gen::inRange(0, 3) > 0) state.take(m, MemberWord::Kind::listed, MemberListing(any_rows(m)));
  }
  const auto shown = state.snapshot(TimePoint(), kOptions);
  const std::vector<DirectoryEntry> entries = all(*shown);
  RC_ASSERT(entries.size() == shown->size());
  for (std::size_t i = 0; i < entries.size(); ++i) {
    RC_ASSERT((i == 0 || entries[i - 1].name < entries[i].name));
    RC_ASSERT(shown->name(i) == entries[i].name);
    RC_ASSERT(shown->info(i).info() == entries[i].info);
    RC_ASSERT(shown->entry(i) == entries[i]);
    RC_ASSERT(shown->find(entries[i].name) == entries[i]);
    RC_ASSERT(shown->index_of(entries[i].name) == i);
    RC_ASSERT(state.find(entries[i].name, TimePoint(), kOptions) == entries[i]);
  }
}

RC_GTEST_PROP(DirectoryProperty, UnionIsTheSameWhateverTheOrderOfMembersAndOfTheirRows, ()) {
  std::vector<std::vector<ListedEntry>> rows;
  for (MemberIndex m = 0; m < kMembers; ++m) rows.push_back(any_rows(m));
  std::vector<std::vector<DirectoryEntry>> results;
  std::vector<MemberIndex> order = {0, 1, 2};
  do {
    DirectoryState state(Path(), kMembers, IdentityRule::size);
    for (const MemberIndex m : order) {
      state.take(m, MemberWord::Kind::listed, MemberListing(reordered(rows[m])));
    }
    results.push_back(all(*state.snapshot(TimePoint(), kOptions)));
  } while (std::next_permutation(order.begin(), order.end()));
  for (const auto& each : results) RC_ASSERT(each == results.front());
}

RC_GTEST_PROP(DirectoryProperty, NothingThatAMemberConfirmedIsLost, ()) {
  DirectoryState state(Path(), kMembers, IdentityRule::size);
  std::map<MemberIndex, std::set<std::string>> confirmed;
  for (int step = 0; step < 8; ++step) {
    const auto member = *rc::gen::inRange<MemberIndex>(0, kMembers);
    switch (*rc::gen::inRange(0, 4)) {
      case 0:
        state.words()[member].failed = true;
        state.forget_snapshot();
        break;
      case 1:
        state.take(member, MemberWord::Kind::absent, MemberListing());
        confirmed[member].clear();
        break;
      default:
        const auto rows = any_rows(member);
        state.take(member, MemberWord::Kind::listed, MemberListing(rows));
        confirmed[member].clear();
        for (const ListedEntry& row : rows) confirmed[member].insert(row.name);
    }
    std::set<std::string> expected, shown;
    for (const auto& [m, names] : confirmed) expected.insert(names.begin(), names.end());
    for (const DirectoryEntry& entry : all(*state.snapshot(TimePoint(), kOptions))) shown.insert(entry.name);
    RC_ASSERT(shown == expected);
  }
}

RC_GTEST_PROP(DirectoryProperty, ChangesSayWhatWasBefore, ()) {
  DirectoryState state(Path(), kMembers, IdentityRule::size);
  for (MemberIndex m = 0; m < kMembers; ++m) {
    state.take(m, MemberWord::Kind::listed, MemberListing(any_rows(m)));
  }
  const auto before = state.snapshot(TimePoint(), kOptions);
  const auto member = *rc::gen::inRange<MemberIndex>(0, kMembers);
  const DirectoryChange changes =
      state.take(member, MemberWord::Kind::listed, MemberListing(any_rows(member)));
  changes.for_each([&](const EntryChange& change) {
    const auto was = before->find(change.name);
    RC_ASSERT(was.has_value() == change.before.has_value());
    if (was) RC_ASSERT(change.before->info() == was->info);
    const auto is = state.find(change.name, TimePoint(), kOptions);
    RC_ASSERT(is.has_value() == change.after.exists());
    if (!is) return;
    RC_ASSERT(change.after.entry() == *is);
    const auto divergent = is->divergent.empty() ? std::nullopt : std::optional(is->divergent.front());
    RC_ASSERT(change.after.first_divergent() == divergent);
  });
}

RC_GTEST_PROP(DirectoryProperty, ASnapshotStaysAsItWas, ()) {
  DirectoryState state(Path(), kMembers, IdentityRule::size);
  for (MemberIndex m = 0; m < kMembers; ++m) {
    state.take(m, MemberWord::Kind::listed, MemberListing(any_rows(m)));
  }
  const auto shown = state.snapshot(TimePoint(), kOptions);
  const auto entries = all(*shown);
  for (const DirectoryEntry& entry : entries) {
    ObjectInfo stat = entry.info;
    stat.size += 1;
    state.take_stat(entry.info.member, entry.name, TimePoint(), stat, false, [](const EntryChange&) {});
  }
  RC_ASSERT((entries.empty() || !state.is_current(*shown, kOptions)));
  for (MemberIndex m = 0; m < kMembers; ++m) {
    state.take(m, MemberWord::Kind::listed, MemberListing(any_rows(m)));
  }
  RC_ASSERT(all(*shown) == entries);
}

}  // namespace
}  // namespace balancefs::test
