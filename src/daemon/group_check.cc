#include "daemon/group_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "meta/size_survey.h"

namespace balancefs {
namespace {

/// By member; null: it has no such folder or does not list it.
using Listings = std::vector<const FolderNames*>;

bool is_measured(const ObjectInfo& info) {
  return info.type == ObjectType::file && info.size_kind == SizeKind::exact;
}

struct Tally {
  std::size_t compared = 0;   ///< files that a member before it has as well
  std::size_t different = 0;  ///< of them, in size
  std::size_t alone = 0;      ///< names that nobody else has
  Tally() = default;
};

/// Counts one name: the first member that has it is the measure for the others.
void count(std::string_view name, const Listings& folder, std::vector<Tally>& tallies) {
  const ObjectInfo* authority = nullptr;
  std::size_t holders = 0;
  std::size_t last = 0;
  for (std::size_t m = 0; m < folder.size(); ++m) {
    if (folder[m] == nullptr) continue;
    const auto found = folder[m]->find(name);
    if (found == folder[m]->end()) continue;
    ++holders;
    last = m;
    if (authority == nullptr) {
      authority = &found->second;
    } else if (is_measured(*authority) && is_measured(found->second)) {
      ++tallies[m].compared;
      if (authority->size != found->second.size) ++tallies[m].different;
    }
  }
  if (holders == 1) ++tallies[last].alone;
}

void count_folder(const Listings& folder, std::vector<Tally>& tallies) {
  if (std::ranges::count_if(folder, [](const FolderNames* names) { return names != nullptr; }) < 2) return;
  FolderNames all;
  for (const FolderNames* names : folder) {
    if (names != nullptr) all.insert(names->begin(), names->end());
  }
  for (const auto& [name, info] : all) count(name, folder, tallies);
}

bool has_folder(const FolderNames& names, std::string_view name) {
  const auto found = names.find(name);
  return found != names.end() && found->second.type == ObjectType::directory;
}

/// The first folder in the root of two members or more.
std::optional<std::string> common_folder(const std::vector<ComparedMember>& members) {
  std::optional<std::string> first;
  for (const ComparedMember& member : members) {
    for (const auto& [name, info] : *member.root) {
      if (first && name >= *first) break;
      const auto holders = std::ranges::count_if(
          members, [&](const ComparedMember& other) { return has_folder(*other.root, name); });
      if (holders > 1) first = name;
    }
  }
  return first;
}

GroupCheck conclude(const std::string& group, const std::vector<ComparedMember>& members,
                    const std::vector<Tally>& tallies, const std::optional<std::string>& folder) {
  GroupCheck result;
  std::string alone;
  for (std::size_t m = 0; m < members.size(); ++m) {
    const Tally& tally = tallies[m];
    if (tally.compared >= SizeSurvey::kEnough && tally.different > tally.compared / 2) {
      result.warnings.push_back(
          fmt::format("storage {}: {} of {} files have another size than in the members of {} before it, and "
                      "are not read "
                      "from it; if it is no copy of them, give it a mount path of its own",
                      members[m].path, tally.different, tally.compared, group));
    }
    if (tally.alone > 0) alone += fmt::format(", {} on {}", tally.alone, members[m].path);
  }
  if (alone.empty()) return result;
  const std::string where = folder ? fmt::format(" and in \"{}\"", *folder) : std::string();
  result.notes.push_back(
      fmt::format("group {}: names on one member only, in its root{}: {}", group, where, alone.substr(2)));
  return result;
}

}  // namespace

Task<Result<GroupCheck>> compare_members(std::string group, std::vector<ComparedMember> members,
                                         RequestContext& why) {
  std::vector<Tally> tallies(members.size());
  Listings roots;
  for (const ComparedMember& member : members) roots.push_back(member.root);
  count_folder(roots, tallies);
  const std::optional<std::string> name = common_folder(members);
  std::vector<std::optional<FolderNames>> kept(members.size());
  Listings folders(members.size(), nullptr);
  for (std::size_t m = 0; name && m < members.size(); ++m) {
    if (!has_folder(*members[m].root, *name)) continue;
    const Path path = Path().child(*name);
    Result<FolderNames> listed = co_await list_folder(*members[m].storage, path, why);
    if (!listed) continue;
    kept[m] = std::move(*listed);
    folders[m] = &*kept[m];
  }
  count_folder(folders, tallies);
  co_return conclude(group, members, tallies, name);
}

}  // namespace balancefs
