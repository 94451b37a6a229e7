// The configuration as it is now, for a mount that runs.
#include "base/log.h"
#include "daemon/app.h"

namespace balancefs {
namespace {

/// For the kernel to know what it is to look up again.
constexpr Duration kLongestTelling = std::chrono::seconds(5);
/// For what is known of folders to be on disk before the groups that take it up from there are made.
constexpr Duration kLongestWrite = std::chrono::seconds(2);

/// What takes effect with the next mount stays what it is, so that it is named again by the next reload.
void keep_what_only_a_mount_applies(const Options& running, Options& wanted) {
  wanted.mount = running.mount;
  wanted.cache = running.cache;
  wanted.control = running.control;
  wanted.log.target = running.log.target;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += (text.empty() ? "" : "\n") + line;
  return text;
}

ReloadReport report_of(const ReloadPlan& plan, const LoadedOptions& loaded) {
  ReloadReport report;
  for (const ReloadPlan::Group& group : plan.groups) {
    using Fate = ReloadPlan::Fate;
    auto& list = group.fate == Fate::kept      ? report.kept
                 : group.fate == Fate::changed ? report.changed
                                               : report.added;
    list.push_back(group.planned.visible_path);
  }
  report.removed = plan.removed;
  report.not_applied = plan.not_applied;
  report.warnings = loaded.options.warnings;
  report.warnings.insert(report.warnings.end(), loaded.plan.warnings.begin(), loaded.plan.warnings.end());
  return report;
}

/// Lets the next reload in, on every way out of one.
class Turn {
 public:
  Turn(bool& taken, WaitList& others) : taken_(taken), others_(others) { taken_ = true; }
  ~Turn() {
    taken_ = false;
    others_.wake_all();  // one of them may be on its way out
  }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;

 private:
  bool& taken_;
  WaitList& others_;
};

}  // namespace

Task<Result<ReloadReport>> App::reload() {
  while (reloading_) co_await reloaded_.wait();
  const Turn turn(reloading_, reloaded_);
  Result<ReloadReport> done = co_await reload_now();
  if (done) {
    for (const std::string& line : done->warnings) log_warning("{}", line);
    log_info("reloaded: {}", describe(*done));
    co_return done;
  }
  log_error("not reloaded, the running configuration goes on: {}", done.error().text);
  co_return done;
}

Task<Result<ReloadReport>> App::reload_now() {
  if (!load_again_) co_return fail(ErrorKind::unsupported, "this mount has no configuration file to reload");
  if (!loader_) loader_.emplace(loop_.get_executor(), clock_);
  std::function<Result<LoadedOptions>()> job = [load = load_again_]() -> Result<LoadedOptions> {
    auto loaded = load();
    if (!loaded) return fail(ErrorKind::unsupported, joined(loaded.error()));
    return std::move(*loaded);
  };
  Result<LoadedOptions> loaded = co_await loader_->run(std::move(job), std::nullopt);
  if (!loaded) co_return std::unexpected<Error>(loaded.error());
  const ReloadPlan plan = plan_reload(options_, loaded->options);
  auto groups = groups_.build(plan, loaded->options);
  if (!groups) co_return std::unexpected<Error>(groups.error());
  if (metadata_ != nullptr) co_await metadata_->write_all(clock_.now() + kLongestWrite);
  if (stopping_) co_return fail(ErrorKind::cancelled, "the mount is ending");
  const ReloadReport report = report_of(plan, *loaded);
  apply(std::move(*groups), std::move(loaded->options));
  const bool told = co_await filesystem_->kernel_told(clock_, clock_.now() + kLongestTelling);
  if (!told)
    log_warning("reloaded, but the kernel does not take the changes; programs may see old names for a while");
  co_return report;
}

/// In one turn of the loop: no request sees a part of it.
void App::apply(std::vector<MountedGroups::Pointer> groups, Options wanted) {
  groups_.adopt(std::move(groups), metadata_.get());
  filesystem_->replace(Tree(groups_.mounts()));
  reads_->set_read_timeout(wanted.read.read_timeout);
  if (wanted.log.level != options_.log.level) set_log_level(wanted.log.level);
  keep_what_only_a_mount_applies(options_, wanted);
  options_ = std::move(wanted);
  if (site_ != nullptr) site_->changed();
}

void App::begin_reload(std::function<void()> done) {
  if (!stopping_) scope_.spawn(reload_and_tell(std::move(done)));
}

Task<void> App::reload_and_tell(std::function<void()> done) {
  const Result<ReloadReport> outcome = co_await reload();
  static_cast<void>(outcome);  // logged
  done();
}

}  // namespace balancefs
