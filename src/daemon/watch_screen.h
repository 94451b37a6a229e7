// A terminal that shows one page again and again, until the user has seen enough. Whatever way it ends, the
// terminal is as it was. Blocking; for commands.
#pragma once

#include <termios.h>

#include <chrono>
#include <optional>
#include <string_view>

namespace balancefs {

/// Columns of the terminal on standard output; 80 when it does not say.
std::size_t screen_width();

class WatchScreen {
 public:
  WatchScreen();
  ~WatchScreen() { close(); }
  WatchScreen(const WatchScreen&) = delete;
  WatchScreen& operator=(const WatchScreen&) = delete;

  /// In the place of the page before, without flicker; lines that the terminal has no room for are left out.
  void show(std::string_view page);
  /// Until the next page is due: `pause`, or sooner when the terminal's size changes. False when the user
  /// asked to end (q, Ctrl-C, a signal).
  bool wait(std::chrono::milliseconds pause);
  void close();

 private:
  std::optional<termios> before_;
  bool open_ = true;
};

}  // namespace balancefs
