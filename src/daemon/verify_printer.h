// What `verify` prints: findings on standard output as they come, in words or as JSON; how far it is on
// standard error, as a bar that moves on a terminal, else as a line now and then.
#pragma once

#include <string>
#include <vector>

#include "verify/findings.h"
#include "verify/progress.h"

namespace balancefs {

class VerifyPrinter final : public FindingSink {
 public:
  /// `members`: mount paths in the group's order.
  VerifyPrinter(std::string group, std::vector<std::string> members, ProgressView view, bool json);

  bool difference(const Difference& found) override;
  bool unknown(const Unknown& found) override;
  /// Between two calls of progress().
  Duration interval() const;
  void progress(const VerifyCounts& counts, Duration passed);
  /// False when it could not be written.
  bool summary(const VerifyCounts& counts, bool interrupted);

 private:
  bool line(const std::string& text, const char* colour);
  bool print(const std::string& text);
  void clear_progress();

  const std::string group_;
  const std::vector<std::string> members_;
  const ProgressView view_;
  const bool json_;
  const bool moving_;  ///< standard error is a terminal
  const bool colours_;
  bool drawn_ = false;        ///< a bar is in the terminal's last line
  bool output_lost_ = false;  ///< standard output takes nothing any more
};

}  // namespace balancefs
