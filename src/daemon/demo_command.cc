// `balancefs demo`: the stage, the program itself as `balancefs mount` runs it, and the story over both.
//
// The main thread runs the loop; reads of the story's own block on a worker thread. Whatever ends it, also a
// signal in the middle, ends it the same way: the app stops (which unmounts and answers what is under way),
// the storages go, the temporary folder is removed.
#include <fmt/format.h>
#include <unistd.h>

#include <asio/signal_set.hpp>
#include <csignal>
#include <fstream>
#include <optional>

#include "base/log.h"
#include "base/loop_clock.h"
#include "base/worker_thread.h"
#include "config/config_file.h"
#include "daemon/app.h"
#include "daemon/commands.h"
#include "daemon/demo_printer.h"
#include "daemon/demo_stage.h"
#include "daemon/demo_story.h"
#include "daemon/mountpoint.h"

namespace balancefs {
namespace {

class Demo {
 public:
  explicit Demo(const DemoArguments& arguments)
      : arguments_(arguments),
        clock_(loop_),
        stage_(loop_),
        worker_(loop_.get_executor(), clock_),
        signals_(loop_, SIGINT, SIGTERM, SIGHUP),
        story_(stage_, out_, worker_, clock_),
        scope_(loop_.get_executor()) {}

  int run();

 private:
  Result<void> begin();
  Result<void> start_app();
  void introduce();
  Task<void> tell();
  void invite();
  void on_signal(int signal);
  void stop();
  void on_stopped();
  void fail_with(std::string_view text);
  bool stays() const { return !arguments_.no_wait && ::isatty(STDIN_FILENO) == 1; }

  // What is used by the worker's last job is declared before it.
  const DemoArguments arguments_;
  asio::io_context loop_;
  LoopClock clock_;
  DemoPrinter out_;
  DemoStage stage_;
  WorkerThread worker_;
  asio::signal_set signals_;
  DemoStory story_;
  std::optional<App> app_;
  TaskScope scope_;
  bool told_ = false;     ///< every step of the story held
  bool stopped_ = false;  ///< nothing is mounted any more
  int status_ = 1;
};

int Demo::run() {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our lines may go; the mount must be taken down all the same
  out_.line("balancefs demo: three storages, one folder, and one of the storages dies.");
  if (const auto begun = begin(); !begun) {
    fail_with(begun.error().text);
    stop();
    on_stopped();
  }
  while (!stopped_) loop_.run_one();
  // What was cancelled unwinds, which takes a few turns of the loop and no time.
  loop_.run_for(std::chrono::seconds(5));
  return told_ ? 0 : status_;
}

Result<void> Demo::begin() {
  std::string mountpoint;
  if (arguments_.mountpoint) {
    auto prepared = prepare_mountpoint(*arguments_.mountpoint, Options());
    if (!prepared) return std::unexpected<Error>(prepared.error());
    mountpoint = std::move(*prepared);
  }
  if (auto set = stage_.set_up(std::move(mountpoint)); !set) return set;
  signals_.async_wait([this](const asio::error_code& error, int signal) {
    if (!error) on_signal(signal);
  });
  introduce();
  return start_app();
}

void Demo::introduce() {
  out_.step("Three WebDAV storages run inside this program, each with the same files:");
  for (const auto& storage : stage_.storages()) out_.line("   {:<6} {}", storage->name(), storage->url());
  out_.step(fmt::format("This configuration makes one folder of them ({}):", stage_.config_file()));
  const std::string blocks = stage_.storage_blocks();
  for (std::size_t begin = 0; begin < blocks.size();) {
    const std::size_t end = blocks.find('\n', begin);
    out_.line("   {}", blocks.substr(begin, end - begin));
    begin = end + 1;
  }
  out_.line("   Mount paths that differ in .balance1, .balance2, ... are one folder and share its reads.");
}

Result<void> Demo::start_app() {
  ConfigResult options = load_config(stage_.config_file());
  if (!options) return fail(ErrorKind::unsupported, options.error().front().text);
  start_logging(options->log, true);
  app_.emplace(loop_, std::move(*options));
  return app_->mount(stage_.mountpoint(), [this] { scope_.spawn(tell()); }, [this] { on_stopped(); });
}

Task<void> Demo::tell() {
  const auto outcome = co_await story_.run();
  if (!outcome) {
    fail_with(outcome.error().text);
    stop();
    co_return;
  }
  told_ = true;
  if (stays()) {
    invite();
  } else {
    out_.line("\nThat was all. With a terminal on standard input the mount stays to play with.");
    stop();
  }
}

void Demo::invite() {
  for (const auto& storage : stage_.storages()) {
    if (const auto back = storage->start(); !back)
      log_warning("storage {}: {}", storage->name(), back.error().text);
  }
  out_.step(
      "Now it is yours: the mount stays until you press Ctrl-C, and all storages are back. In another "
      "terminal:");
  out_.line("   ls -lR {}", stage_.library());
  out_.line("   sha256sum {}/films/*", stage_.library());
  out_.line("   getfattr -n user.balancefs.member {}/films/*    # who served each of them last",
            stage_.library());
  out_.line("   less {}", stage_.log_file());
}

void Demo::on_signal(int signal) {
  out_.line("\nEnding.");
  status_ = 128 + signal;
  signals_.clear();  // a second Ctrl-C ends it at once
  scope_.cancel();
  stop();
}

void Demo::stop() {
  if (app_) app_->stop();
}

void Demo::on_stopped() {
  scope_.cancel();
  signals_.cancel();
  stage_.stop_storages();
  stopped_ = true;
}

void Demo::fail_with(std::string_view text) {
  out_.end_progress();
  out_.bad(text);
  flush_log();
  std::ifstream log(stage_.log_file());
  for (std::string line; std::getline(log, line);) out_.line("   log: {}", line);
  out_.line("docs/TROUBLESHOOTING.md says what to do about mounts that are refused.");
}

}  // namespace

int demo_command(const DemoArguments& arguments) {
  return Demo(arguments).run();
}

}  // namespace balancefs
