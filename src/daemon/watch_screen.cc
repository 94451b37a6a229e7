#include "daemon/watch_screen.h"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <string>

namespace balancefs {
namespace {

volatile sig_atomic_t asked_to_end = 0;

void ask_to_end(int) {
  asked_to_end = 1;
}

/// Only for its interrupting poll().
void size_changed(int) {}

void handle(int signal, void (*handler)(int)) {
  struct sigaction action{};
  action.sa_handler = handler;
  ::sigaction(signal, &action, nullptr);
}

winsize screen_size() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) size = winsize{};
  if (size.ws_col == 0) size.ws_col = 80;
  if (size.ws_row == 0) size.ws_row = 24;
  return size;
}

}  // namespace

std::size_t screen_width() {
  return screen_size().ws_col;
}

WatchScreen::WatchScreen() {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) handle(signal, ask_to_end);
  handle(SIGWINCH, size_changed);
  termios now{};
  if (::isatty(STDIN_FILENO) != 0 && ::tcgetattr(STDIN_FILENO, &now) == 0) {
    before_ = now;
    now.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  // The other screen, without a cursor.
  fmt::print("\033[?1049h\033[?25l");
}

void WatchScreen::show(std::string_view page) {
  std::string text = "\033[H";
  const std::size_t rows = screen_size().ws_row;
  for (std::size_t row = 0; row < rows && !page.empty(); ++row) {
    const std::size_t end = std::min(page.find('\n'), page.size());
    if (row > 0) text += "\r\n";
    text += page.substr(0, end);
    text += "\033[K";
    page.remove_prefix(std::min(end + 1, page.size()));
  }
  text += "\033[J";
  fmt::print("{}", text);
  std::fflush(stdout);
}

bool WatchScreen::wait(std::chrono::milliseconds pause) {
  pollfd input = {before_ ? STDIN_FILENO : -1, POLLIN, 0};
  const int ready = ::poll(&input, 1, static_cast<int>(pause.count()));
  if (asked_to_end != 0) return false;
  if (ready <= 0) return true;
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) <= 0) return false;
  return key != 'q' && key != 'Q';
}

void WatchScreen::close() {
  if (!open_) return;
  open_ = false;
  fmt::print("\033[?25h\033[?1049l");
  std::fflush(stdout);
  if (before_) ::tcsetattr(STDIN_FILENO, TCSANOW, &*before_);
}

}  // namespace balancefs
