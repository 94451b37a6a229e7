#include "daemon/verify_printer.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "daemon/terminal.h"
#include "verify/verify_json.h"
#include "verify/verify_text.h"

namespace balancefs {
namespace {

constexpr int kBarWidth = 16;  // leaves room for pace and time on 80 columns
constexpr const char* kYellow = "\033[33m";
constexpr const char* kRed = "\033[31m";

std::size_t terminal_width() {
  struct winsize size = {};
  return ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

/// To standard error, which is not buffered. That nobody reads it changes nothing.
void say(const std::string& text) {
  std::fputs(text.c_str(), stderr);
}

}  // namespace

VerifyPrinter::VerifyPrinter(std::string group, std::vector<std::string> members, ProgressView view,
                             bool json)
    : group_(std::move(group)),
      members_(std::move(members)),
      view_(view),
      json_(json),
      moving_(::isatty(STDERR_FILENO) == 1),
      colours_(!json && wants_colours()) {}

bool VerifyPrinter::difference(const Difference& found) {
  return line(json_ ? to_json(found, members_) : describe(found, members_), kRed);
}

bool VerifyPrinter::unknown(const Unknown& found) {
  return line(json_ ? to_json(found, members_) : describe(found, members_), kYellow);
}

bool VerifyPrinter::line(const std::string& text, const char* colour) {
  return print(colours_ ? fmt::format("{}{}\033[0m\n", colour, text) : text + "\n");
}

/// Who reads may have gone (`verify | head`), which is no mistake; a full disk is said once.
bool VerifyPrinter::print(const std::string& text) {
  clear_progress();
  if (output_lost_) return false;
  output_lost_ = std::fputs(text.c_str(), stdout) == EOF || std::fflush(stdout) == EOF;
  if (output_lost_ && errno != EPIPE)
    say(fmt::format("balancefs: standard output takes nothing any more: {}\n", std::strerror(errno)));
  return !output_lost_;
}

Duration VerifyPrinter::interval() const {
  return moving_ ? Duration(std::chrono::milliseconds(200)) : Duration(std::chrono::seconds(30));
}

void VerifyPrinter::progress(const VerifyCounts& counts, Duration passed) {
  std::string text = progress_text(counts, view_, passed);
  if (!moving_) {
    say(text + "\n");
    return;
  }
  text = progress_bar(share_done(counts, view_), kBarWidth) + " " + text;
  text.resize(std::min(text.size(), terminal_width() - 1));  // a line that wraps cannot be drawn over
  say("\r\033[K" + text);
  drawn_ = true;
}

void VerifyPrinter::clear_progress() {
  if (!drawn_) return;
  say("\r\033[K");
  drawn_ = false;
}

bool VerifyPrinter::summary(const VerifyCounts& counts, bool interrupted) {
  return print(json_ ? summary_json(counts, interrupted, group_, members_) + "\n"
                     : summarise(counts, interrupted, group_));
}

}  // namespace balancefs
