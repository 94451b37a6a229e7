#include "meta/rows.h"

#include <algorithm>
#include <utility>

namespace balancefs {
namespace {

/// No file's time: the year 1677.
constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

/// Eight bytes of a name as a number that sorts as they do.
std::uint64_t as_number(std::string_view text) {
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) {
    number = number << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0);
  }
  return number;
}

/// What decides most comparisons lies side by side: sorting does not walk through the text.
struct SortKey {
  std::uint64_t head;
  RowIndex row;
  SortKey(std::uint64_t number, RowIndex index) : head(number), row(index) {}
};

}  // namespace

std::string_view Rows::name(RowIndex row) const {
  return std::string_view(text_).substr(rows_[row].text, rows_[row].name_size);
}

InfoView Rows::info(RowIndex index) const {
  const Row& row = rows_[index];
  const std::string_view behind_name = std::string_view(text_).substr(row.text + row.name_size);
  InfoView view;
  view.type = row.type;
  view.size_kind = row.size_kind;
  view.member = row.member;
  view.size = row.size;
  view.etag = behind_name.substr(0, row.etag_size);
  if (row.modified != kNoTime) view.modified = FileTime(FileTime::duration(row.modified));
  view.checksum = behind_name.substr(row.etag_size, row.checksum_size);
  return view;
}

RowIndex Rows::find(std::string_view wanted) const {
  const auto before = [this](const Row& row, std::string_view text) {
    return std::string_view(text_).substr(row.text, row.name_size) < text;
  };
  const auto found = std::lower_bound(rows_.begin(), rows_.end(), wanted, before);
  const auto row = static_cast<RowIndex>(found - rows_.begin());
  return row < size() && name(row) == wanted ? row : kNoRow;
}

RowIndex Rows::seek(RowIndex from, std::string_view wanted) const {
  RowIndex low = from;
  std::uint64_t step = 1;
  std::uint64_t high = from;
  while (high < size() && name(static_cast<RowIndex>(high)) < wanted) {
    low = static_cast<RowIndex>(high + 1);
    high += step;
    step *= 2;
  }
  high = std::min<std::uint64_t>(high, size());
  while (low < high) {
    const auto middle = static_cast<RowIndex>(low + (high - low) / 2);
    if (name(middle) < wanted) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::size_t Rows::bytes() const {
  return sizeof *this + rows_.capacity() * sizeof(Row) + text_.capacity();
}

void RowsBuilder::add(std::string_view name, const InfoView& info) {
  const RowIndex count = made_.size();
  ascending_ = ascending_ && (count == 0 || made_.name(count - 1) < name);
  Rows::Row& row = made_.rows_.emplace_back();
  row.size = info.size;
  row.modified = info.modified ? info.modified->time_since_epoch().count() : kNoTime;
  row.text = made_.text_.size();
  row.name_size = static_cast<std::uint32_t>(name.size());
  row.etag_size = static_cast<std::uint32_t>(info.etag.size());
  row.checksum_size = static_cast<std::uint32_t>(info.checksum.size());
  row.member = info.member;
  row.type = info.type;
  row.size_kind = info.size_kind;
  made_.text_.append(name).append(info.etag).append(info.checksum);
}

Rows RowsBuilder::finish() {
  if (!ascending_) sort();
  made_.rows_.shrink_to_fit();
  made_.text_.shrink_to_fit();
  ascending_ = true;
  return std::exchange(made_, Rows());
}

/// How many bytes all names begin with alike.
std::size_t RowsBuilder::common_head() const {
  const std::string_view first = made_.name(0);
  std::size_t alike = first.size();
  for (RowIndex row = 1; row < made_.size() && alike > 0; ++row) {
    const std::string_view name = made_.name(row).substr(0, alike);
    const auto differs = std::mismatch(name.begin(), name.end(), first.begin());
    alike = static_cast<std::size_t>(differs.first - name.begin());
  }
  return alike;
}

void RowsBuilder::sort() {
  const std::size_t skip = common_head();
  std::vector<SortKey> keys;
  keys.reserve(made_.size());
  for (RowIndex row = 0; row < made_.size(); ++row) {
    keys.emplace_back(as_number(made_.name(row).substr(skip)), row);
  }
  std::sort(keys.begin(), keys.end(), [&](const SortKey& left, const SortKey& right) {
    if (left.head != right.head) return left.head < right.head;
    const int order = made_.name(left.row).compare(made_.name(right.row));
    return order != 0 ? order < 0 : left.row < right.row;
  });
  const auto twice = std::unique(keys.begin(), keys.end(), [&](const SortKey& left, const SortKey& right) {
    return left.head == right.head && made_.name(left.row) == made_.name(right.row);
  });
  keys.erase(twice, keys.end());
  std::vector<Rows::Row> sorted;
  sorted.reserve(keys.size());
  for (const SortKey& key : keys) sorted.push_back(made_.rows_[key.row]);
  made_.rows_ = std::move(sorted);
}

}  // namespace balancefs
