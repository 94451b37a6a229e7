// The walk of `balancefs verify` through the trees of a group's members, level by level.
//
// A few folders at once, each as its members list it; in memory are the listings of these, and the paths of
// folders to come. What a member does not tell is unknown for it and for everything below: it is neither
// asked further there nor said to lack anything. Folders that only one member has are not looked into: all of
// it is missing elsewhere. Findings go out as they are made. Loop thread; call run() once.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "verify/byte_comparison.h"

namespace balancefs {

struct VerifyOptions {
  GroupOptions::IdentityRule identity = GroupOptions::IdentityRule::size;
  bool deep = false;                  ///< bytes too: of all files, or of a sample
  std::optional<std::size_t> sample;  ///< so many files, a few blocks of each
  std::uint64_t seed = 0;             ///< of the sample
  VerifyPace pace;
  VerifyOptions() = default;
};

class TreeComparison {
 public:
  /// `members` by index in the group's order.
  TreeComparison(std::vector<VerifyMember> members, VerifyOptions options, Executor executor, Clock& clock,
                 FindingSink& findings);

  /// Ends when everything was compared, or after stop() when nothing is under way any more. Is not cancelled
  /// itself.
  Task<Result<void>> run();
  void stop();
  bool stopped() const { return stopped_; }
  const VerifyCounts& counts() const { return counts_; }

 private:
  struct Folder {
    Path path;
    std::vector<MemberIndex> members;  ///< that have it
    Folder(Path where, std::vector<MemberIndex> who) : path(std::move(where)), members(std::move(who)) {}
  };

  Task<void> run_flows(Task<void> (TreeComparison::*flow)());
  Task<void> walk();
  Task<void> read_samples();
  Task<void> compare_folder(Folder folder);
  Task<std::vector<MemberFolder>> list_everywhere(const Folder& folder);
  Task<void> make_comparable(std::vector<NamedCopies>& names);
  Task<void> compare_names(std::vector<NamedCopies> names);
  Task<void> compare_bytes(AlikeFile file, std::vector<ByteRange> ranges, std::uint64_t block);
  void judge(const NamedCopies& name, std::vector<AlikeFile>& alike);
  void plan_samples();
  void report(const Difference& difference);
  void report_unknown(Unknown unknown);

  const VerifyOptions options_;
  Executor executor_;
  FindingSink& findings_;
  std::vector<std::unique_ptr<MemberAccess>> members_;
  std::vector<bool> told_gave_up_;  ///< by member
  Random random_;
  FileSample sample_;
  VerifyCounts counts_;
  std::deque<Folder> queue_;
  struct SampledFile {
    AlikeFile file;
    std::vector<ByteRange> ranges;
    SampledFile(AlikeFile what, std::vector<ByteRange> where)
        : file(std::move(what)), ranges(std::move(where)) {}
  };
  std::deque<SampledFile> samples_;
  std::size_t busy_ = 0;   ///< folders under way
  std::size_t flows_ = 0;  ///< running
  bool stopped_ = false;
  WaitList changed_;
  TaskScope scope_;
};

}  // namespace balancefs
