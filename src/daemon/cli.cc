#include "daemon/cli.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <sstream>

#include "config/values.h"

namespace balancefs {
namespace {

constexpr const char* kFooter =
    "Exit status: 0 done, 1 failed, 2 wrong command line or configuration;\n"
    "verify: 0 the same, 1 differences, 2 could not be compared completely.\n"
    "The configuration is --config FILE, else $XDG_CONFIG_HOME/balancefs/mount.conf,\n"
    "else /etc/balancefs/mount.conf; mount.conf.example shows every key.";

/// What is wrong with `--sample N`; empty: nothing.
std::string sample_mistake(const std::string& text) {
  std::size_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error == std::errc() && end == text.data() + text.size() && count > 0) return {};
  return fmt::format("{} is no number of files; accepted: 1 or more", quote(text));
}

/// One CLI::App and the arguments that it fills.
class Parser {
 public:
  Parser() : app_("Shows cloud storages as one folder and balances equal ones.", "balancefs") {
    app_.set_version_flag("--version", "balancefs " BALANCEFS_VERSION);
    app_.footer(kFooter);
    app_.require_subcommand(1);
    add_mount();
    add_unmount();
    add_check();
    add_status();
    add_drain();
    add_refresh();
    add_reload();
    add_log_level();
    add_verify();
    add_demo();
  }

  std::expected<Command, CommandLineEnd> parse(std::vector<std::string> arguments) {
    if (auto unknown = unknown_command(arguments)) return std::unexpected(std::move(*unknown));
    try {
      std::ranges::reverse(arguments);  // as CLI11 wants them
      app_.parse(arguments);
    } catch (const CLI::ParseError& end) {
      return std::unexpected(explain(end));
    }
    return chosen();
  }

 private:
  void add_mount() {
    command_mount_ = app_.add_subcommand("mount", "Mount, and go to the background once the mount answers");
    command_mount_->add_option("MOUNTPOINT", mount_.mountpoint,
                               "An empty folder; default: mount.point of the file");
    command_mount_->add_option("-c,--config", mount_.config, "The configuration file");
    command_mount_->add_flag("-f,--foreground", mount_.foreground, "Stay; log to standard error");
    command_mount_
        ->add_option(
            "-o", mount_options_,
            "allow_other, ro, uid=N, gid=N, umask=OCTAL, noexec, noatime, ..., and what mount(8) passes")
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll)
        ->allow_extra_args(false);
  }
  void add_unmount() {
    command_unmount_ = app_.add_subcommand("unmount", "Unmount and wait until the daemon has ended");
    command_unmount_->alias("umount");
    command_unmount_->add_option("MOUNTPOINT", unmount_.mountpoint, "A folder that balancefs mounted")
        ->required();
    command_unmount_->add_flag("--now", unmount_.now,
                               "Detach at once, although programs have files open there");
  }
  void add_check() {
    command_check_ = app_.add_subcommand("check", "Check the configuration and try every storage");
    command_check_->add_option("-c,--config", check_.config, "The configuration file");
  }
  void add_refresh() {
    command_refresh_ = app_.add_subcommand("refresh", "Ask the storages anew about a path, and believe them");
    command_refresh_
        ->add_option("PATH", refresh_.path, "A file or folder in a mount; it need not exist any more")
        ->required();
    command_refresh_->add_flag("-r,--recursive", refresh_.recursive, "And about everything below it");
    command_refresh_->add_option("--mount", refresh_.mountpoint,
                                 "The mount that is meant; PATH is then one of its tree (/pt/films)");
  }
  void add_status() {
    command_status_ = app_.add_subcommand("status", "Show what a mount does: members, health, files, caches");
    command_status_->add_option("MOUNTPOINT", status_.mountpoint, "Which mount; default: the only one");
    CLI::Option* json = command_status_->add_flag("--json", status_.json, "For programs; see docs/STATUS.md");
    CLI::Option* watch = command_status_->add_flag("-w,--watch", status_.watch, "Again each second, until q");
    command_status_->add_flag("--report", status_.report, "Everything a bug report needs, without secrets")
        ->excludes(json)
        ->excludes(watch);
    json->excludes(watch);
  }
  void add_drain() {
    command_drain_ = app_.add_subcommand("drain", "Take a storage out of rotation: no new files go there");
    command_undrain_ = app_.add_subcommand("undrain", "Take a drained storage into rotation again");
    for (CLI::App* command : {command_drain_, command_undrain_}) {
      command->add_option("STORAGE", drain_.storage, "Its mount path, such as /pt.balance1")->required();
      command->add_option("--mount", drain_.mountpoint, "Which mount; default: the only one");
    }
  }
  void add_reload() {
    command_reload_ = app_.add_subcommand("reload", "Apply the configuration file as it is now");
    command_reload_->add_option("MOUNTPOINT", reload_.mountpoint, "Which mount; default: the only one");
  }
  void add_log_level() {
    command_log_level_ = app_.add_subcommand("log-level", "How much a running mount logs, until it ends");
    command_log_level_->add_option("LEVEL", log_level_.level, "error, warning, info, debug or trace")
        ->required();
    command_log_level_->add_option("--mount", log_level_.mountpoint, "Which mount; default: the only one");
  }
  void add_verify() {
    command_verify_ = app_.add_subcommand("verify", "Compare what the members of a group hold");
    command_verify_->add_option("GROUP", verify_.group, "Its path in the tree (/pt)")->required();
    command_verify_->add_option("-c,--config", verify_.config, "The configuration file");
    command_verify_->add_flag("--deep", verify_.deep, "And the bytes of all files that they have in common");
    command_verify_
        ->add_option("--sample", verify_.sample, "And some bytes of N of these files, chosen at random")
        ->type_name("N")
        ->check(CLI::Validator(sample_mistake, ""));
    command_verify_->add_flag("--json", verify_.json, "One JSON object a line, the summary last");
  }
  void add_demo() {
    command_demo_ =
        app_.add_subcommand("demo", "See it work: three storages on this machine, balanced, one killed");
    command_demo_->add_option("MOUNTPOINT", demo_.mountpoint,
                              "An empty folder; default: a new temporary one");
    command_demo_->add_flag("--no-wait", demo_.no_wait,
                            "End after the story instead of leaving the mount to play with");
  }

  /// CLI11 would only say that a subcommand is required.
  std::optional<CommandLineEnd> unknown_command(const std::vector<std::string>& arguments) const {
    constexpr std::array<std::string_view, 12> kNames = {"mount",  "unmount",   "umount",  "check",
                                                         "status", "drain",     "undrain", "refresh",
                                                         "reload", "log-level", "verify",  "demo"};
    if (arguments.empty() || arguments[0].starts_with('-')) return std::nullopt;
    if (std::ranges::find(kNames, arguments[0]) != kNames.end()) return std::nullopt;
    const std::string_view near = nearest_spelling(arguments[0], kNames);
    const std::string hint = near.empty() ? "" : fmt::format("; did you mean {}?", near);
    return CommandLineEnd(
        kExitUsage, fmt::format("{}: no such command{}; accepted: mount, unmount, check, status, drain, "
                                "undrain, refresh, reload, log-level, verify, demo\n",
                                quote(arguments[0]), hint));
  }

  CommandLineEnd explain(const CLI::ParseError& end) const {
    std::ostringstream out;
    std::ostringstream err;
    const int status = app_.exit(end, out, err);
    if (status == 0) return {kExitOk, out.str()};
    std::string text = err.str();
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return {kExitUsage, text + "\n"};
  }

  std::expected<Command, CommandLineEnd> chosen() {
    if (command_unmount_->parsed()) return unmount_;
    if (command_check_->parsed()) return check_;
    if (command_refresh_->parsed()) return refresh_;
    if (command_verify_->parsed()) return verify_;
    if (command_demo_->parsed()) return demo_;
    if (command_status_->parsed()) return status_;
    if (command_reload_->parsed()) return reload_;
    if (command_log_level_->parsed()) return log_level_;
    if (command_drain_->parsed() || command_undrain_->parsed()) {
      drain_.drained = command_drain_->parsed();
      return drain_;
    }
    auto flags = parse_mount_flags(mount_options_);
    if (!flags) return std::unexpected(CommandLineEnd(kExitUsage, flags.error() + "\n"));
    mount_.flags = std::move(*flags);
    return mount_;
  }

  CLI::App app_;
  CLI::App* command_mount_ = nullptr;
  CLI::App* command_unmount_ = nullptr;
  CLI::App* command_check_ = nullptr;
  CLI::App* command_refresh_ = nullptr;
  CLI::App* command_verify_ = nullptr;
  CLI::App* command_demo_ = nullptr;
  CLI::App* command_status_ = nullptr;
  CLI::App* command_drain_ = nullptr;
  CLI::App* command_undrain_ = nullptr;
  CLI::App* command_reload_ = nullptr;
  CLI::App* command_log_level_ = nullptr;
  MountArguments mount_;
  UnmountArguments unmount_;
  CheckArguments check_;
  RefreshArguments refresh_;
  VerifyArguments verify_;
  DemoArguments demo_;
  StatusArguments status_;
  DrainArguments drain_;
  ReloadArguments reload_;
  LogLevelArguments log_level_;
  std::vector<std::string> mount_options_;
};

int run(const MountArguments& arguments) {
  return mount_command(arguments);
}
int run(const UnmountArguments& arguments) {
  return unmount_command(arguments);
}
int run(const CheckArguments& arguments) {
  return check_command(arguments);
}
int run(const RefreshArguments& arguments) {
  return refresh_command(arguments);
}
int run(const StatusArguments& arguments) {
  return status_command(arguments);
}
int run(const DrainArguments& arguments) {
  return drain_command(arguments);
}
int run(const ReloadArguments& arguments) {
  return reload_command(arguments);
}
int run(const LogLevelArguments& arguments) {
  return log_level_command(arguments);
}
int run(const VerifyArguments& arguments) {
  return verify_command(arguments);
}
int run(const DemoArguments& arguments) {
  return demo_command(arguments);
}

}  // namespace

std::expected<Command, CommandLineEnd> parse_command_line(const std::vector<std::string>& arguments) {
  Parser parser;
  return parser.parse(arguments);
}

int run_command_line(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + std::min(argc, 1), argv + argc);
  const auto command = parse_command_line(arguments);
  if (!command) {
    const CommandLineEnd& end = command.error();
    fmt::print(end.status == kExitOk ? stdout : stderr, "{}{}",
               end.status == kExitOk ? "" : "balancefs: ", end.text);
    return end.status;
  }
  return std::visit([](const auto& chosen) { return run(chosen); }, *command);
}

}  // namespace balancefs
