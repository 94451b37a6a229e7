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

/// Fewer names than this are sorted by comparing them whole; and however many, after as many steps of eight
/// bytes, so that nested beginnings of hostile names cost no stack.
constexpr std::size_t kFewNames = 32;
constexpr int kMostLevels = 8;

}  // namespace

std::string_view Rows::text_of(const Row& row) const {
  return std::string_view(text_).substr(row.text, row.name_size);
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
  const auto before = [this](const Row& row, std::string_view text) { return text_of(row) < text; };
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

/// Eight bytes of each name lie side by side: sorting hardly ever walks through the text.
struct RowsBuilder::SortKey {
  std::uint64_t head = 0;
  RowIndex row;
  explicit SortKey(RowIndex index) : row(index) {}
};

std::string_view RowsBuilder::tail(RowIndex row, std::size_t from) const {
  const std::string_view name = made_.name(row);
  return name.substr(std::min(from, name.size()));
}

/// How many bytes the names of a run begin with alike; known: at least `alike`.
std::size_t RowsBuilder::common_head(std::span<const SortKey> run, std::size_t alike) const {
  std::string_view shared = tail(run.front().row, alike);
  for (const SortKey& key : run) {
    const std::string_view other = tail(key.row, alike);
    const auto differs = std::mismatch(shared.begin(), shared.end(), other.begin(), other.end());
    shared = shared.substr(0, static_cast<std::size_t>(differs.first - shared.begin()));
  }
  return alike + shared.size();
}

void RowsBuilder::sort_run(std::span<SortKey> run, std::size_t alike, int levels) const {
  if (run.size() < kFewNames || levels == 0) {
    std::sort(run.begin(), run.end(), [&](const SortKey& left, const SortKey& right) {
      const int order = tail(left.row, alike).compare(tail(right.row, alike));
      return order != 0 ? order < 0 : left.row < right.row;
    });
    return;
  }
  alike = common_head(run, alike);
  for (SortKey& key : run) key.head = as_number(tail(key.row, alike));
  const auto by_head = [](const SortKey& left, const SortKey& right) { return left.head < right.head; };
  std::sort(run.begin(), run.end(), by_head);
  for (auto begin = run.begin(); begin != run.end();) {
    const auto end = std::upper_bound(begin, run.end(), *begin, by_head);
    if (end - begin > 1) sort_run(std::span<SortKey>(begin, end), alike, levels - 1);
    begin = end;
  }
}

void RowsBuilder::sort() {
  std::vector<SortKey> keys;
  keys.reserve(made_.size());
  for (RowIndex row = 0; row < made_.size(); ++row) keys.emplace_back(row);
  sort_run(keys, 0, kMostLevels);
  std::vector<Rows::Row> sorted;
  sorted.reserve(keys.size());
  for (const SortKey& key : keys) {
    const Rows::Row& row = made_.rows_[key.row];
    const bool again = !sorted.empty() && made_.text_of(sorted.back()) == made_.text_of(row);
    if (!again) sorted.push_back(row);
  }
  made_.rows_ = std::move(sorted);
}

}  // namespace balancefs
