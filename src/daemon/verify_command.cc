// `balancefs verify GROUP`: do the members of one group hold the same, from the configuration alone. Nothing
// needs to be mounted. Has a loop and a transport of its own; SIGINT and SIGTERM end it with what is known.
#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <random>

#include "balance/accounts.h"
#include "base/loop_clock.h"
#include "daemon/commands.h"
#include "daemon/load_options.h"
#include "daemon/mount_link.h"
#include "daemon/verify_group.h"
#include "daemon/verify_printer.h"
#include "http/curl_transport.h"
#include "names/nfc_storage.h"
#include "storage/registry.h"
#include "verify/tree_comparison.h"

namespace balancefs {
namespace {

std::uint64_t any_seed() {
  std::random_device source;
  return (std::uint64_t{source()} << 32) | source();
}

VerifyOptions options_for(const VerifyArguments& arguments, const Options& options,
                          const std::string& group) {
  VerifyOptions verify;
  const auto configured = options.groups.find(group);
  if (configured != options.groups.end()) verify.identity = configured->second.identity;
  verify.deep = arguments.deep || arguments.sample.has_value();
  verify.sample = arguments.sample;
  verify.seed = any_seed();
  verify.pace.request_timeout = options.metadata.request_timeout;
  return verify;
}

class VerifyRun {
 public:
  VerifyRun(const LoadedOptions& loaded, const NamingPlan::PlannedGroup& group, VerifyOptions options,
            VerifyPrinter& printer)
      : clock_(loop_),
        transport_(loop_, clock_),
        signals_(loop_, SIGINT, SIGTERM),
        printer_(printer),
        storages_(make_members(loaded.options, group)),
        accounts_(clock_),
        comparison_(limited(loaded.options, group), std::move(options), loop_.get_executor(), clock_,
                    printer_) {}

  int run() {
    // A second one ends the process as it would any other.
    signals_.async_wait([this](const asio::error_code& error, int) {
      if (error) return;
      signals_.clear();
      comparison_.stop();
    });
    show_progress_later();
    Flow<Result<void>> flow(loop_.get_executor(), compare());
    while (!flow.done()) loop_.run_one();
    const bool told = printer_.summary(comparison_.counts(), comparison_.stopped());
    return static_cast<int>(told ? outcome_of(comparison_.counts(), comparison_.stopped())
                                 : VerifyOutcome::incomplete);
  }

 private:
  std::vector<std::unique_ptr<Storage>> make_members(const Options& options,
                                                     const NamingPlan::PlannedGroup& group);
  std::vector<VerifyMember> limited(const Options& options, const NamingPlan::PlannedGroup& group);
  Task<Result<void>> compare();
  void show_progress_later();

  asio::io_context loop_{1};
  LoopClock clock_;
  CurlTransport transport_;
  asio::signal_set signals_;
  VerifyPrinter& printer_;
  std::vector<std::unique_ptr<Storage>> storages_;  ///< in the group's order
  Accounts accounts_;
  TreeComparison comparison_;
  const TimePoint begun_ = clock_.now();
  Timer progress_;
};

std::vector<std::unique_ptr<Storage>> VerifyRun::make_members(const Options& options,
                                                              const NamingPlan::PlannedGroup& group) {
  std::vector<std::unique_ptr<Storage>> storages;
  StorageContext context(loop_.get_executor(), clock_, transport_);
  const auto configured = options.groups.find(group.visible_path);
  for (const std::size_t index : group.members) {
    auto made = make_storage(options.storages[index], context);
    BALANCEFS_CHECK(made.has_value());  // the configuration accepts types that there are
    storages.push_back(std::move(*made));
    if (configured == options.groups.end()) continue;
    storages.back() = with_names(std::move(storages.back()), configured->second.names, clock_);
  }
  return storages;
}

std::vector<VerifyMember> VerifyRun::limited(const Options& options, const NamingPlan::PlannedGroup& group) {
  std::vector<VerifyMember> members;
  for (std::size_t i = 0; i < storages_.size(); ++i)
    members.emplace_back(*storages_[i], accounts_.of(options.storages[group.members[i]]));
  return members;
}

Task<Result<void>> VerifyRun::compare() {
  const Result<void> compared = co_await comparison_.run();
  progress_.reset();
  for (const auto& storage : storages_) co_await storage->close();
  co_await transport_.close();
  co_return compared;
}

void VerifyRun::show_progress_later() {
  progress_ = clock_.call_at(clock_.now() + printer_.interval(), [this] {
    printer_.progress(comparison_.counts(), clock_.now() - begun_);
    show_progress_later();
  });
}

}  // namespace

int verify_command(const VerifyArguments& arguments) {
  const auto loaded = load_options(arguments.config);
  if (!loaded) return kExitUsage;
  const auto group = group_to_verify(loaded->plan, arguments.group);
  if (!group) return refuse(group.error(), kExitUsage);
  std::vector<std::string> members;
  for (const std::size_t index : (*group)->members) members.push_back(loaded->options.storages[index].path);
  const VerifyOptions options = options_for(arguments, loaded->options, (*group)->visible_path);
  ProgressView view;
  view.deep = options.deep;
  view.sampled = options.sample.has_value();
  VerifyPrinter printer((*group)->visible_path, std::move(members), view, arguments.json);
  return VerifyRun(*loaded, **group, options, printer).run();
}

}  // namespace balancefs
