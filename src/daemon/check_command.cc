// `balancefs check`: the configuration, the tree that it makes, and whether every storage answers.
#include <fmt/format.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "base/loop_clock.h"
#include "base/text.h"
#include "daemon/commands.h"
#include "daemon/load_options.h"
#include "daemon/storage_check.h"
#include "http/curl_transport.h"
#include "storage/registry.h"

namespace balancefs {
namespace {

using CheckFlow = Flow<Result<StorageCheck>>;

/// Tries all storages at once on a loop of its own.
class StorageTrial {
 public:
  explicit StorageTrial(const Options& options)
      : options_(options), clock_(loop_), transport_(loop_, clock_), checks_(options.storages.size()) {}

  /// By the storage's index in the options.
  std::vector<StorageCheck> run() {
    make_storages();
    Flow<Result<void>> flow(loop_.get_executor(), try_all());
    while (!flow.done()) loop_.run_one();
    return std::move(checks_);
  }

 private:
  void make_storages() {
    StorageContext context(loop_.get_executor(), clock_, transport_);
    for (std::size_t i = 0; i < options_.storages.size(); ++i) {
      auto made = make_storage(options_.storages[i], context);
      storages_.push_back(made ? std::move(*made) : nullptr);
      if (made) continue;
      checks_[i].report =
          MemberReport(MemberReport::State::failed, explain_failure(made.error(), options_.storages[i]));
    }
  }

  Task<Result<void>> try_all() {
    std::vector<std::unique_ptr<CheckFlow>> flows(storages_.size());
    for (std::size_t i = 0; i < storages_.size(); ++i) {
      if (storages_[i] == nullptr) continue;
      flows[i] = std::make_unique<CheckFlow>(
          loop_.get_executor(),
          check_storage(*storages_[i], options_.storages[i], transport_, loop_.get_executor(), clock_));
    }
    for (std::size_t i = 0; i < flows.size(); ++i) {
      if (flows[i] == nullptr) continue;
      Result<StorageCheck> check = co_await flows[i]->join();
      BALANCEFS_CHECK(check.has_value());
      checks_[i] = std::move(*check);
    }
    for (const auto& storage : storages_) {
      if (storage != nullptr) co_await storage->close();
    }
    co_await transport_.close();
    co_return Result<void>();
  }

  const Options& options_;
  asio::io_context loop_{1};
  LoopClock clock_;
  CurlTransport transport_;
  std::vector<std::unique_ptr<Storage>> storages_;
  std::vector<StorageCheck> checks_;
};

bool wants_colours() {
  const char* no = std::getenv("NO_COLOR");
  return (no == nullptr || no[0] == '\0') && ::isatty(STDOUT_FILENO) == 1;
}

void print_warnings(const std::vector<std::string>& warnings) {
  for (const std::string& line : warnings) fmt::print("warning: {}\n", escape_controls(line));
}

/// A drained storage that does not answer is what somebody drained it for.
std::size_t count_failures(const Options& options, const std::vector<MemberReport>& reports) {
  std::size_t failures = 0;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    if (reports[i].state == MemberReport::State::failed && options.storages[i].enabled) ++failures;
  }
  return failures;
}

}  // namespace

int check_command(const CheckArguments& arguments) {
  const auto loaded = load_options(arguments.config);
  if (!loaded) return kExitUsage;
  fmt::print("{}\n\n", escape_controls(loaded->options.file));
  std::fflush(stdout);
  std::vector<StorageCheck> checks = StorageTrial(loaded->options).run();
  std::vector<MemberReport> reports;
  for (const StorageCheck& check : checks) reports.push_back(check.report);
  fmt::print("{}\n", draw_tree(loaded->options, loaded->plan, reports, wants_colours()));
  print_warnings(loaded->options.warnings);
  print_warnings(loaded->plan.warnings);
  for (const StorageCheck& check : checks) print_warnings(check.warnings);
  const std::size_t failures = count_failures(loaded->options, reports);
  if (failures == 0) {
    fmt::print("all storages answer\n");
    return kExitOk;
  }
  fmt::print("{} of {} storages failed\n", failures, reports.size());
  return kExitFailed;
}

}  // namespace balancefs
