#include "verify/byte_comparison.h"

#include <algorithm>

namespace balancefs {

std::optional<std::size_t> first_difference(std::span<const std::byte> left,
                                            std::span<const std::byte> right) {
  const auto [at, other] = std::ranges::mismatch(left, right);
  if (at == left.end() && other == right.end()) return std::nullopt;
  return static_cast<std::size_t>(at - left.begin());
}

Task<ByteComparison::Findings> ByteComparison::run(AlikeFile file, std::vector<ByteRange> ranges,
                                                   std::uint64_t block) {
  Findings findings;
  Copies copies;
  for (const ObjectInfo& copy : file.copies)
    copies.push_back(members_[copy.member]->open(file.path, copy, std::min(block, copy.size)));
  for (const ByteRange range : ranges) {
    co_await read(file.path, range, copies, findings);
    compare(file.path, range, copies, findings);
    counts_.bytes_compared += range.length;
    if (copies.size() < 2) break;
  }
  ++counts_.files_read;
  co_return findings;
}

Task<void> ByteComparison::read(const Path& path, ByteRange range, Copies& copies, Findings& findings) {
  Answers<void> answers;
  for (const auto& copy : copies) answers.ask(scope_, members_[copy->info.member]->read(copy, range));
  co_await answers.wait();
  Copies readable;
  for (std::size_t i = 0; i < copies.size(); ++i) {
    const std::shared_ptr<OpenCopy>& copy = copies[i];
    counts_.bytes_fetched += copy->block.bytes().size();
    if (answers[i]) {
      readable.push_back(copy);
    } else {
      findings.unknown.emplace_back(path, copy->info.member, answers[i].error());
    }
  }
  copies = std::move(readable);
}

void ByteComparison::compare(const Path& path, ByteRange range, Copies& copies, Findings& findings) const {
  if (copies.size() < 2) return;
  Copies same(1, copies.front());
  for (std::size_t i = 1; i < copies.size(); ++i) {
    const auto at = first_difference(copies.front()->block.bytes(), copies[i]->block.bytes());
    if (!at) {
      same.push_back(copies[i]);
      continue;
    }
    Difference& difference = findings.differences.emplace_back(DifferenceKind::content, path);
    difference.holders.push_back(copies.front()->info);
    difference.others.push_back(copies[i]->info);
    difference.offset = range.offset + *at;
  }
  copies = std::move(same);
}

}  // namespace balancefs
