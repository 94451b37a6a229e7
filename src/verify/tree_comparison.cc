#include "verify/tree_comparison.h"

#include <algorithm>

namespace balancefs {
namespace {

/// Names of one folder whose sizes are made exact side by side; a member's own bound is below that.
constexpr std::size_t kNamesAtOnce = 16;

std::vector<MemberIndex> members_of(const std::vector<ObjectInfo>& copies) {
  std::vector<MemberIndex> members;
  for (const ObjectInfo& copy : copies) members.push_back(copy.member);
  return members;
}

std::vector<NamedCopies> next_names(FolderJoin& join) {
  std::vector<NamedCopies> names;
  while (names.size() < kNamesAtOnce) {
    std::optional<NamedCopies> name = join.next();
    if (!name) break;
    names.push_back(std::move(*name));
  }
  return names;
}

std::uint64_t total(const std::vector<ByteRange>& ranges) {
  std::uint64_t bytes = 0;
  for (const ByteRange& range : ranges) bytes += range.length;
  return bytes;
}

}  // namespace

TreeComparison::TreeComparison(std::vector<VerifyMember> members, VerifyOptions options, Executor executor,
                               Clock& clock, FindingSink& findings)
    : options_(std::move(options)),
      executor_(std::move(executor)),
      findings_(findings),
      told_gave_up_(members.size(), false),
      random_(options_.seed),
      sample_(options_.sample.value_or(0)),
      scope_(executor_) {
  for (VerifyMember& member : members)
    members_.push_back(std::make_unique<MemberAccess>(std::move(member), executor_, clock, options_.pace));
}

Task<Result<void>> TreeComparison::run() {
  std::vector<MemberIndex> all;
  for (std::size_t i = 0; i < members_.size(); ++i) all.push_back(static_cast<MemberIndex>(i));
  queue_.emplace_back(Path(), std::move(all));
  counts_.folders_queued = 1;
  co_await run_flows(&TreeComparison::walk);
  if (options_.sample && !stopped_) {
    plan_samples();
    co_await run_flows(&TreeComparison::read_samples);
  }
  co_await scope_.close();
  co_return Result<void>();
}

void TreeComparison::stop() {
  stopped_ = true;
  scope_.cancel();
  changed_.wake_all();
}

Task<void> TreeComparison::run_flows(Task<void> (TreeComparison::*flow)()) {
  flows_ = options_.pace.folders_at_once;
  for (std::size_t i = 0; i < options_.pace.folders_at_once; ++i) scope_.spawn((this->*flow)());
  while (flows_ > 0 && !stopped_) co_await changed_.wait();
}

Task<void> TreeComparison::walk() {
  while (!queue_.empty() || busy_ > 0) {
    if (queue_.empty()) {
      co_await changed_.wait();
      continue;
    }
    Folder folder = std::move(queue_.front());
    queue_.pop_front();
    ++busy_;
    co_await compare_folder(std::move(folder));
    --busy_;
    ++counts_.folders;
    --counts_.folders_queued;
    changed_.wake_all();
  }
  --flows_;
  changed_.wake_all();
}

Task<void> TreeComparison::compare_folder(Folder folder) {
  std::vector<MemberFolder> listings = co_await list_everywhere(folder);
  if (listings.size() < 2) co_return;
  FolderJoin join(folder.path, std::move(listings));
  while (true) {
    std::vector<NamedCopies> names = next_names(join);
    if (names.empty()) break;
    co_await make_comparable(names);
    co_await compare_names(std::move(names));
  }
}

Task<std::vector<MemberFolder>> TreeComparison::list_everywhere(const Folder& folder) {
  Answers<FolderListing> answers;
  for (const MemberIndex member : folder.members) answers.ask(scope_, members_[member]->list(folder.path));
  co_await answers.wait();
  std::vector<MemberFolder> listings;
  for (std::size_t i = 0; i < folder.members.size(); ++i) {
    const MemberIndex member = folder.members[i];
    if (answers[i]) {
      listings.emplace_back(member, std::move(*answers[i]));
    } else {
      report_unknown(Unknown(folder.path, member, answers[i].error()));
    }
  }
  co_return listings;
}

/// Asks for what decides and was not listed. A copy whose size stays unknown takes no part: it is neither
/// equal nor different nor missing.
Task<void> TreeComparison::make_comparable(std::vector<NamedCopies>& names) {
  const bool checksums = options_.identity == GroupOptions::IdentityRule::checksum;
  Answers<ObjectInfo> answers;
  for (const NamedCopies& name : names) {
    for (const ObjectInfo& copy : name.copies) {
      if (!name.needs_stat(copy, options_.identity)) continue;
      answers.ask(scope_, members_[copy.member]->stat(name.path, checksums));
    }
  }
  co_await answers.wait();
  std::size_t asked = 0;
  for (NamedCopies& name : names) {
    std::vector<ObjectInfo> known;
    for (const ObjectInfo& copy : name.copies) {
      if (!name.needs_stat(copy, options_.identity)) {
        known.push_back(copy);
        continue;
      }
      const Result<ObjectInfo>& answer = answers[asked++];
      if (!answer) {
        report_unknown(Unknown(name.path, copy.member, answer.error()));
      } else if (answer->size_kind != SizeKind::exact) {
        const Error error(ErrorKind::unsupported, "the server gives no exact size");
        report_unknown(Unknown(name.path, copy.member, error));
      } else {
        known.push_back(*answer);
        known.back().member = copy.member;
      }
    }
    name.copies = std::move(known);
  }
}

Task<void> TreeComparison::compare_names(std::vector<NamedCopies> names) {
  std::vector<AlikeFile> alike;
  for (const NamedCopies& name : names) judge(name, alike);
  if (!options_.deep) co_return;
  if (options_.sample) {
    for (AlikeFile& file : alike) sample_.offer(std::move(file), random_);
    co_return;
  }
  for (const AlikeFile& file : alike) counts_.bytes_found += file.copies.front().size;
  for (AlikeFile& file : alike) {
    std::vector<ByteRange> ranges = whole_file(file.copies.front().size, options_.pace.block);
    co_await compare_bytes(std::move(file), std::move(ranges), options_.pace.block);
  }
}

void TreeComparison::judge(const NamedCopies& name, std::vector<AlikeFile>& alike) {
  ++counts_.names;
  NameVerdict verdict = judge_name(name, options_.identity);
  for (const Difference& difference : verdict.differences) report(difference);
  if (verdict.alike.size() < 2) return;
  if (verdict.alike.front().type == ObjectType::directory) {
    queue_.emplace_back(name.path, members_of(verdict.alike));
    ++counts_.folders_queued;
    changed_.wake_all();
    return;
  }
  ++counts_.files;
  alike.emplace_back(name.path, std::move(verdict.alike));
}

void TreeComparison::plan_samples() {
  counts_.reading = true;
  for (AlikeFile& file : sample_.take()) {
    std::vector<ByteRange> ranges = sample_blocks(file.copies.front().size, random_);
    counts_.bytes_found += total(ranges);
    samples_.emplace_back(std::move(file), std::move(ranges));
  }
}

Task<void> TreeComparison::read_samples() {
  while (!samples_.empty()) {
    SampledFile next = std::move(samples_.front());
    samples_.pop_front();
    co_await compare_bytes(std::move(next.file), std::move(next.ranges), kSampleBlock);
  }
  --flows_;
  changed_.wake_all();
}

Task<void> TreeComparison::compare_bytes(AlikeFile file, std::vector<ByteRange> ranges, std::uint64_t block) {
  ByteComparison comparison(members_, scope_, counts_);
  ByteComparison::Findings found = co_await comparison.run(std::move(file), std::move(ranges), block);
  for (const Difference& difference : found.differences) report(difference);
  for (Unknown& unknown : found.unknown) report_unknown(std::move(unknown));
}

void TreeComparison::report(const Difference& difference) {
  ++counts_.differences[static_cast<std::size_t>(difference.kind)];
  if (!findings_.difference(difference)) stop();
}

/// A member that was given up is named once; what is unknown of it after that is only counted.
void TreeComparison::report_unknown(Unknown unknown) {
  ++counts_.unknown;
  if (told_gave_up_[unknown.member]) return;
  unknown.gave_up = members_[unknown.member]->gave_up();
  told_gave_up_[unknown.member] = unknown.gave_up;
  if (!findings_.unknown(unknown)) stop();
}

}  // namespace balancefs
