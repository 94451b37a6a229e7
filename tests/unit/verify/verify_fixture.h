// Two or three fake members, and a comparison of them on a clock moved by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "support/failing_storage.h"
#include "support/fake_storage.h"
#include "support/test_loop.h"
#include "verify/tree_comparison.h"
#include "verify/verify_text.h"

namespace balancefs::test {

/// Keeps what is found as the lines that a person reads.
class CollectedFindings final : public FindingSink {
 public:
  bool difference(const Difference& found) override {
    differences.push_back(describe(found, members));
    return differences.size() < most_differences;
  }
  bool unknown(const Unknown& found) override {
    unknowns.push_back(describe(found, members));
    return true;
  }
  std::vector<std::string> sorted() const {
    std::vector<std::string> lines = differences;
    std::ranges::sort(lines);
    return lines;
  }
  std::vector<std::string> members{"/a", "/b", "/c"};
  std::vector<std::string> differences, unknowns;
  std::size_t most_differences = 1000;  ///< with them it stops listening
};

class VerifyTest : public testing::Test {
 protected:
  VerifyTest() {
    for (const char* name : {"/a", "/b", "/c"}) {
      auto fake = std::make_unique<FakeStorage>(name, t_.executor(), t_.clock);
      fakes_.push_back(fake.get());
      members_.push_back(std::make_unique<FailingStorage>(std::move(fake), t_.clock));
    }
  }
  /// The same file everywhere.
  void add_everywhere(std::string_view path, std::uint64_t size) {
    for (FakeStorage* fake : fakes_) fake->add_file(path, size, 7);
  }
  void make(VerifyOptions options = VerifyOptions()) {
    std::vector<VerifyMember> members;
    for (std::size_t i = 0; i < members_.size(); ++i) members.emplace_back(*members_[i], accounts_[i]);
    comparison_ = std::make_unique<TreeComparison>(std::move(members), std::move(options), t_.executor(),
                                                   t_.clock, found_);
  }
  VerifyOutcome compare(VerifyOptions options = VerifyOptions()) {
    make(std::move(options));
    const Result<void> done = t_.run(comparison_->run());
    EXPECT_TRUE(done.has_value());
    return outcome_of(counts(), comparison_->stopped());
  }
  const VerifyCounts& counts() const { return comparison_->counts(); }

  TestLoop t_;
  std::vector<FakeStorage*> fakes_;
  std::vector<std::unique_ptr<FailingStorage>> members_;
  std::vector<std::shared_ptr<Account>> accounts_{3};  ///< by member; null: without limits
  CollectedFindings found_;
  std::unique_ptr<TreeComparison> comparison_;
};

using Lines = std::vector<std::string>;
using Call = FailingStorage::Call;

}  // namespace balancefs::test
