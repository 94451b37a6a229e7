#include "daemon/storage_trial.h"

#include <asio/io_context.hpp>
#include <memory>

#include "base/loop_clock.h"
#include "http/curl_transport.h"
#include "names/nfc_storage.h"
#include "storage/registry.h"

namespace balancefs {
namespace {

using CheckFlow = Flow<Result<StorageCheck>>;
using GroupFlow = Flow<Result<GroupCheck>>;

class StorageTrial {
 public:
  StorageTrial(const Options& options, const NamingPlan& plan)
      : options_(options), plan_(plan), clock_(loop_), transport_(loop_, clock_) {
    results_.storages.resize(options.storages.size());
  }

  TrialResults run() {
    make_storages();
    show_names();
    Flow<Result<void>> flow(loop_.get_executor(), try_all());
    while (!flow.done()) loop_.run_one();
    return std::move(results_);
  }

 private:
  void make_storages();
  void show_names();
  Task<Result<void>> try_all();
  Task<Result<void>> try_each();
  Task<Result<void>> compare_groups(TimePoint limit);
  Task<Result<GroupCheck>> compare_group(const NamingPlan::PlannedGroup& group, TimePoint limit);

  const Options& options_;
  const NamingPlan& plan_;
  asio::io_context loop_{1};
  LoopClock clock_;
  CurlTransport transport_;
  std::vector<std::unique_ptr<WatchedHttp>> watched_;  ///< one for each storage
  std::vector<std::unique_ptr<Storage>> storages_;     ///< null: cannot be made
  TrialResults results_;
};

void StorageTrial::make_storages() {
  for (std::size_t i = 0; i < options_.storages.size(); ++i) {
    const StorageOptions& options = options_.storages[i];
    watched_.push_back(std::make_unique<WatchedHttp>(transport_, options.etags));
    StorageContext context(loop_.get_executor(), clock_, *watched_.back());
    auto made = make_storage(options, context);
    storages_.push_back(made ? std::move(*made) : nullptr);
    if (made) continue;
    results_.storages[i].report =
        MemberReport(MemberReport::State::failed, explain_failure(made.error(), options));
  }
}

/// As the groups show them: members are compared by name.
void StorageTrial::show_names() {
  for (const NamingPlan::PlannedGroup& group : plan_.groups) {
    const auto configured = options_.groups.find(group.visible_path);
    if (configured == options_.groups.end()) continue;
    for (const std::size_t i : group.members) {
      if (storages_[i] == nullptr) continue;
      storages_[i] = with_names(std::move(storages_[i]), configured->second.names, clock_);
    }
  }
}

Task<Result<void>> StorageTrial::try_all() {
  const TimePoint limit = clock_.now() + kCheckTimeout;
  co_await try_each();
  co_await compare_groups(limit);
  for (const auto& storage : storages_) {
    if (storage != nullptr) co_await storage->close();
  }
  co_await transport_.close();
  co_return Result<void>();
}

Task<Result<void>> StorageTrial::try_each() {
  std::vector<std::unique_ptr<CheckFlow>> flows(storages_.size());
  for (std::size_t i = 0; i < storages_.size(); ++i) {
    if (storages_[i] == nullptr) continue;
    flows[i] = std::make_unique<CheckFlow>(
        loop_.get_executor(),
        check_storage(*storages_[i], options_.storages[i], *watched_[i], loop_.get_executor(), clock_));
  }
  for (std::size_t i = 0; i < flows.size(); ++i) {
    if (flows[i] == nullptr) continue;
    Result<StorageCheck> check = co_await flows[i]->join();
    BALANCEFS_CHECK(check.has_value());
    results_.storages[i] = std::move(*check);
  }
  co_return Result<void>();
}

Task<Result<void>> StorageTrial::compare_groups(TimePoint limit) {
  std::vector<std::unique_ptr<GroupFlow>> flows;
  for (const NamingPlan::PlannedGroup& group : plan_.groups) {
    flows.push_back(std::make_unique<GroupFlow>(loop_.get_executor(), compare_group(group, limit)));
  }
  for (const auto& flow : flows) {
    // A driver may overlook the deadline; this does not.
    const bool in_time = co_await flow->join_until(clock_, limit + 1s);
    if (!in_time) flow->cancel();
    Result<GroupCheck> compared = co_await flow->join();
    if (compared) results_.groups.push_back(std::move(*compared));
  }
  co_return Result<void>();
}

Task<Result<GroupCheck>> StorageTrial::compare_group(const NamingPlan::PlannedGroup& group, TimePoint limit) {
  std::vector<ComparedMember> members;
  for (const std::size_t index : group.members) {
    const StorageCheck& check = results_.storages[index];
    if (check.report.state != MemberReport::State::answers) continue;
    members.emplace_back(options_.storages[index].path, *storages_[index], check.root);
  }
  if (members.size() < 2) co_return GroupCheck();
  RequestContext why(Priority::probe);
  why.deadline = limit;
  co_return co_await compare_members(group.visible_path, members, why);
}

}  // namespace

TrialResults try_storages(const Options& options, const NamingPlan& plan) {
  return StorageTrial(options, plan).run();
}

}  // namespace balancefs
