// What the demo says: plain lines on standard output, with colours and a moving progress bar on a terminal
// only. Lines stay whole when the worker draws its progress at the same time.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace balancefs {

class DemoPrinter {
 public:
  /// Colours and progress when standard output is a terminal (NO_COLOR is respected).
  DemoPrinter();

  /// The heading of the next step, numbered.
  void step(std::string_view text);
  template <class... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    print(fmt::format(format, std::forward<Args>(args)...));
  }
  /// Something that held, or did not.
  void good(std::string_view text);
  void bad(std::string_view text);
  /// The state of a read, drawn over the previous one.
  void progress(std::uint64_t done, std::uint64_t total);
  void end_progress();

 private:
  void print(std::string_view text);

  bool terminal_;
  bool colour_;
  int steps_ = 0;
};

/// "12.0 MiB"
std::string megabytes(std::uint64_t bytes);

}  // namespace balancefs
