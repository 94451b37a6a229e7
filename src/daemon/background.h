// Going to the background: a child that mounts, and a parent that tells its caller how that went.
//
// The fork comes before any thread, loop or connection exists, since none of them survives one. The child
// keeps the caller's standard output and error until it is ready, for messages, and then lets go of them, so
// that a caller who reads them through a pipe sees their end.
#pragma once

#include <optional>
#include <string_view>

#include "balancefs/result.h"

namespace balancefs {

/// The child's way to say how the start went, once. Destroyed without a word it tells that the start failed.
class StartReport {
 public:
  /// For the foreground: failures go to standard error, readiness needs no words.
  StartReport() = default;
  explicit StartReport(int pipe) : pipe_(pipe) {}
  StartReport(StartReport&& other) noexcept;
  StartReport& operator=(StartReport&&) = delete;
  ~StartReport();

  /// Ready: the parent exits with 0, and the caller's descriptors are let go of. False when nobody waits any
  /// more (the caller was interrupted): then the start is not wanted.
  bool ready();
  /// The parent prints the line and exits with `status`.
  void failed(int status, std::string_view line);
  bool done() const { return done_; }

 private:
  bool tell(std::string_view message);

  int pipe_ = -1;
  bool done_ = false;
};

/// One of the two sides of a fork.
struct ForkSide {
  std::optional<int> exit_status;  ///< set in the parent: what to exit with, after the child's word
  StartReport report;              ///< the child's
  explicit ForkSide(int status) : exit_status(status) {}
  explicit ForkSide(StartReport child) : report(std::move(child)) {}
};

/// Forks. The child has a session of its own, "/" as its folder, and of the caller's descriptors only the
/// standard ones. The parent returns when the child has reported or ended.
Result<ForkSide> fork_into_background();

}  // namespace balancefs
