#include "meta/directory_change.h"

namespace balancefs {

void DirectoryChange::find_others(std::string_view name, std::vector<RowIndex>& next,
                                  std::vector<RowIndex>& rows) const {
  for (std::size_t m = 0; m < rows.size(); ++m) {
    if (m == member_) continue;
    const MemberListing& listing = words_.listings[m];
    next[m] = listing.seek(next[m], name);
    const bool has = next[m] < listing.size() && listing.name(next[m]) == name;
    rows[m] = has ? next[m]++ : kNoRow;
  }
}

}  // namespace balancefs
