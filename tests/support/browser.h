// A headless Chromium, driven by Debian's chromedriver: for tests of pages as people meet them.
//
// It speaks WebDriver (JSON over HTTP) by curl, so that nothing else is needed. What cannot be done throws
// std::runtime_error.
#pragma once

#include <chrono>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

#include "support/program.h"
#include "support/servers.h"

namespace balancefs::test {

class Browser {
 public:
  using Json = nlohmann::json;

  Browser();
  ~Browser();
  Browser(const Browser&) = delete;
  Browser& operator=(const Browser&) = delete;

  void open(const std::string& url);
  /// What an expression of JavaScript says in the page.
  Json value(const std::string& expression) { return script("return " + expression); }
  /// The body of a function.
  Json script(const std::string& body);
  /// Whether the expression holds within that time.
  bool waits_for(const std::string& expression, std::chrono::milliseconds limit = std::chrono::seconds(20));
  /// What somebody does who has a keyboard: keys to the element in focus. "\uE007" is Enter.
  void press(const std::string& keys);
  /// As wide as a phone (or as that many pixels), by day or by night.
  void show_as(int width, bool dark);
  void screenshot(const std::filesystem::path& file);
  /// Errors and warnings of the console since the last call, one a line.
  std::string complaints();
  /// A command of the DevTools protocol.
  Json devtools(const std::string& command, const Json& parameters);

 private:
  Json ask(const std::string& path, const Json& body);

  ScratchDirectory scratch_;
  Program driver_;
  std::string url_;  ///< of the session
};

}  // namespace balancefs::test
