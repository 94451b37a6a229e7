// `balancefs mount`: from the command line to a loop that serves, in the background unless told otherwise.
#include <fmt/format.h>
#include <unistd.h>

#include <asio/io_context.hpp>
#include <cstdio>

#include "base/log.h"
#include "base/loop_clock.h"
#include "daemon/app.h"
#include "daemon/background.h"
#include "daemon/commands.h"
#include "daemon/load_options.h"
#include "daemon/mount_mark.h"
#include "daemon/mountpoint.h"
#include "daemon/service.h"

namespace balancefs {
namespace {

int refuse(int status, std::string_view line) {
  fmt::print(stderr, "balancefs: {}\n", line);
  return status;
}

/// A clean end that does not come: the mount is detached, so that nobody waits for us, and the process ends.
/// Not when it is gone already: another mount may have taken its place.
[[noreturn]] void end_by_force(const std::string& point, bool mounted) {
  flush_log();
  if (mounted) abandon_mount(point);
  ::_exit(kExitFailed);
}

void log_warnings(const LoadedOptions& loaded) {
  for (const std::string& line : loaded.options.warnings) log_warning("{}", line);
  for (const std::string& line : loaded.plan.warnings) log_warning("{}", line);
}

/// One mount from its beginning to its end; owns what lives as long as the loop runs.
class MountRun {
 public:
  MountRun(Options options, App::LoadAgain load_again, std::string point, StartReport& report)
      : point_(std::move(point)),
        report_(report),
        clock_(loop_),
        app_(loop_, std::move(options)),
        service_(
            loop_, clock_, [this] { app_.stop(); },
            [this] { end_by_force(point_, app_.holds_mountpoint()); }) {
    app_.set_on_stopping([this] { service_.ending(); });
    app_.set_load_again(std::move(load_again));
    service_.set_on_reload([this] { app_.begin_reload([this] { service_.reloaded(); }); });
    service_.set_on_refresh([this] { app_.refresh_everything(); });
  }

  int run() {
    // An address that is taken is the configuration's mistake, as far as we can tell.
    if (const auto listening = app_.listen(); !listening) {
      give_up(kExitUsage, listening.error());
    } else if (const auto mounted = app_.mount(
                   point_, [this] { ready(); }, [this] { service_.stopped(); });
               !mounted) {
      give_up(kExitFailed, mounted.error());
    }
    app_.run();
    if (!report_.done()) {
      report_.failed(kExitFailed, fmt::format("{}: unmounted before the mount was ready", point_));
      status_ = kExitFailed;
    }
    return status_;
  }

 private:
  void give_up(int status, const Error& why) {
    report_.failed(status, why.text);
    status_ = status;
    app_.stop();
    service_.stopped();
  }
  void ready() {
    // Before the word that it is ready: an unmount may follow at once, and is to wait for our end.
    const std::vector<MountEntry> table = read_mount_table();
    if (const MountEntry* entry = find_mount(table, point_)) mark_ = MountMark::set(entry->device);
    if (!mark_) log_debug("no mark for this mount: unmount will not wait for our end");
    if (!report_.ready()) {
      log_warning("whoever asked for the mount is gone; unmounting");
      return app_.stop();
    }
    log_info("mounted at {}", point_);
    service_.ready(fmt::format("serving {}", point_));
  }

  std::string point_;
  StartReport& report_;
  asio::io_context loop_{1};
  LoopClock clock_;
  App app_;
  Service service_;
  std::optional<MountMark> mark_;
  int status_ = kExitOk;
};

int serve(LoadedOptions loaded, App::LoadAgain load_again, std::string point, StartReport report,
          bool foreground) {
  if (!start_logging(loaded.options.log, foreground)) {
    report.failed(kExitFailed, fmt::format("log.target: {} cannot be written", loaded.options.log.target));
    return kExitFailed;
  }
  log_warnings(loaded);
  int status = kExitOk;
  {
    MountRun run(std::move(loaded.options), std::move(load_again), std::move(point), report);
    status = run.run();
  }
  flush_log();
  return status;
}

}  // namespace

int mount_command(const MountArguments& arguments) {
  auto loaded = load_options(arguments.config);
  if (!loaded) return kExitUsage;
  apply_mount_flags(arguments.flags, loaded->options.mount);
  const std::string wanted = arguments.mountpoint.value_or(loaded->options.mount.point);
  if (wanted.empty()) {
    return refuse(kExitUsage,
                  "no mountpoint: give one on the command line, or mount.point in the configuration");
  }
  const auto point = prepare_mountpoint(wanted, loaded->options);
  if (!point) return refuse(kExitFailed, point.error().text);
  loaded->options.mount.point = *point;
  const auto load_again = [file = loaded->options.file, flags = arguments.flags, at = *point] {
    auto again = read_options(file);
    if (!again) return again;
    apply_mount_flags(flags, again->options.mount);
    again->options.mount.point = at;
    return again;
  };
  if (arguments.foreground) return serve(std::move(*loaded), load_again, *point, StartReport(), true);

  auto side = fork_into_background();
  if (!side) return refuse(kExitFailed, side.error().text);
  if (side->exit_status) return *side->exit_status;
  return serve(std::move(*loaded), load_again, *point, std::move(side->report), false);
}

}  // namespace balancefs
