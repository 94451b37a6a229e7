// Rows as no server should send them, but some do: in any order, names twice, bytes that are no text, ETags
// with and without, times and checksums now and then. For property tests.
#pragma once

#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "meta/listing.h"

namespace balancefs::test {

inline std::string any_name() {
  switch (*rc::gen::inRange(0, 8)) {
    case 0:
      return std::string(*rc::gen::inRange<std::size_t>(1'000, 70'000), 'h') + "uge";
    case 1:  // any bytes
      return *rc::gen::suchThat(rc::gen::string<std::string>(), &Path::valid_name);
    case 2:
      return std::string(*rc::gen::inRange<std::size_t>(1, 12), 'n');
    default:
      return "a long beginning that many share " +
             std::to_string(*rc::gen::inRange(0, *rc::gen::element(12, 900)));
  }
}

inline ObjectInfo any_info(MemberIndex member) {
  ObjectInfo info;
  info.member = member;
  info.type = *rc::gen::inRange(0, 5) == 0 ? ObjectType::directory : ObjectType::file;
  if (info.type == ObjectType::file) info.size = *rc::gen::inRange<std::uint64_t>(1, 4);
  if (*rc::gen::inRange(0, 6) == 0) info.size_kind = SizeKind::rounded;
  if (*rc::gen::arbitrary<bool>()) info.validator.etag = std::string("\"") + "12"[*rc::gen::inRange(0, 2)];
  if (*rc::gen::arbitrary<bool>()) {
    info.validator.modified = FileTime(std::chrono::seconds(*rc::gen::inRange(-3, 3)));
  }
  if (*rc::gen::inRange(0, 6) == 0)
    info.checksum = *rc::gen::element<std::string>("sha1:a", "sha1:b", "md5:a");
  return info;
}

inline std::vector<ListedEntry> any_rows(MemberIndex member) {
  std::vector<ListedEntry> rows;
  const int count = *rc::gen::inRange(0, *rc::gen::element(30, 300));  // many are sorted otherwise than few
  for (int i = 0; i < count; ++i) rows.emplace_back(any_name(), any_info(member));
  return rows;
}

/// The same rows in another order; of a name that comes twice the same one still comes first.
inline std::vector<ListedEntry> reordered(const std::vector<ListedEntry>& rows) {
  std::map<std::string, ObjectInfo> first;
  for (const ListedEntry& row : rows) first.try_emplace(row.name, row.info);
  std::vector<ListedEntry> out;
  for (const auto& [name, info] : first) out.emplace_back(name, info);
  for (std::size_t i = out.size(); i > 1; --i)
    std::swap(out[i - 1], out[*rc::gen::inRange<std::size_t>(0, i)]);
  return out;
}

}  // namespace balancefs::test
