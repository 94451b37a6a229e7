// The rows of one listing, packed: 40 bytes each and one text for all names, ETags and checksums.
//
// Immutable once made, so that whoever looks at a listing shares it (shared_ptr) instead of copying it. Rows
// are sorted by name; a folder of 100,000 files with names of 40 bytes and ETags of 30 takes 11 MB, where
// structs of strings took 30.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "meta/info_view.h"

namespace balancefs {

using RowIndex = std::uint32_t;
inline constexpr RowIndex kNoRow = std::numeric_limits<RowIndex>::max();

class Rows {
 public:
  Rows() = default;

  RowIndex size() const { return static_cast<RowIndex>(rows_.size()); }
  std::string_view name(RowIndex row) const { return text_of(rows_[row]); }
  InfoView info(RowIndex row) const;
  /// kNoRow when it is not listed.
  RowIndex find(std::string_view name) const;
  /// The first row at or behind `from` that does not come before `name`; size() when there is none. Costs the
  /// logarithm of how far that is: a walk over all names is linear.
  RowIndex seek(RowIndex from, std::string_view name) const;
  /// Memory held, this object included.
  std::size_t bytes() const;

 private:
  friend class RowsBuilder;
  struct Row {
    std::uint64_t size = 0;
    std::int64_t modified = 0;  ///< nanoseconds; kNoTime: not given
    std::uint64_t text = 0;     ///< where its name begins; ETag and checksum follow
    std::uint32_t name_size = 0;
    std::uint32_t etag_size = 0;
    std::uint32_t checksum_size = 0;
    MemberIndex member = 0;
    ObjectType type = ObjectType::file;
    SizeKind size_kind = SizeKind::exact;
    Row() = default;
  };
  static_assert(sizeof(Row) == 40);
  std::string_view text_of(const Row& row) const;

  std::vector<Row> rows_;
  std::string text_;
};

/// Takes rows as they arrive and keeps them packed from the first on.
class RowsBuilder {
 public:
  RowsBuilder() = default;
  void add(std::string_view name, const InfoView& info);
  /// In the order of arrival, with names that came twice.
  const Rows& so_far() const { return made_; }
  /// Sorted by name; of a name that came twice the first stays. The builder is empty afterwards.
  Rows finish();

 private:
  struct SortKey;
  void sort();
  void sort_run(std::span<SortKey> run, std::size_t alike, int levels) const;
  std::size_t common_head(std::span<const SortKey> run, std::size_t alike) const;
  std::string_view tail(RowIndex row, std::size_t from) const;

  Rows made_;
  bool ascending_ = true;  ///< every name came after the one before it: nothing to sort
};

}  // namespace balancefs
