#include "support/browser.h"

#include <fmt/format.h>

#include <fstream>
#include <regex>
#include <stdexcept>
#include <thread>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartLimit = 60s;

/// "ChromeDriver was started successfully on port 40123."
std::string port_of(Program& driver) {
  const std::regex words(R"(successfully on port (\d+))");
  const auto until = std::chrono::steady_clock::now() + kStartLimit;
  while (std::chrono::steady_clock::now() < until && driver.running()) {
    const std::string said = driver.out();
    std::smatch found;
    if (std::regex_search(said, found, words)) return found[1];
    std::this_thread::sleep_for(20ms);
  }
  throw std::runtime_error("chromedriver does not start: " + driver.out() + driver.err());
}

std::string decode_base64(const std::string& text) {
  std::string bytes;
  unsigned bits = 0;
  int count = 0;
  for (const char c : text) {
    const auto at =
        std::string_view("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/").find(c);
    if (at == std::string_view::npos) continue;
    bits = bits << 6U | static_cast<unsigned>(at);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes += static_cast<char>(bits >> static_cast<unsigned>(count) & 0xFFU);
  }
  return bytes;
}

}  // namespace

Browser::Browser() : driver_({"chromedriver", "--port=0"}) {
  url_ = "http://127.0.0.1:" + port_of(driver_) + "/session";
  const Json arguments = {"--headless=new",
                          "--no-sandbox",
                          "--disable-gpu",
                          "--disable-dev-shm-usage",
                          "--no-first-run",
                          "--disable-extensions",
                          "--disable-sync",
                          "--window-size=1200,900",
                          "--disable-background-networking",
                          "--no-proxy-server",
                          "--user-data-dir=" + (scratch_.path() / "profile").string()};
  const Json wanted = {{"browserName", "chrome"},
                       {"goog:loggingPrefs", {{"browser", "ALL"}}},
                       {"goog:chromeOptions", {{"binary", "/usr/bin/chromium"}, {"args", arguments}}}};
  const Json session = ask("", {{"capabilities", {{"alwaysMatch", wanted}}}});
  url_ += "/" + session.at("sessionId").get<std::string>();
}

Browser::~Browser() {
  run({"curl", "-sS", "--max-time", "10", "-X", "DELETE", url_});
  driver_.signal(SIGTERM);
  driver_.wait(10s);
}

Browser::Json Browser::ask(const std::string& path, const Json& body) {
  const auto file = scratch_.path() / "ask.json";
  write_file(file, body.dump());
  const ProgramResult said =
      run({"curl", "-sS", "--max-time", "60", "--noproxy", "*", "-H", "Content-Type: application/json",
           "--data-binary", "@" + file.string(), url_ + path});
  const Json answer = Json::parse(said.out, nullptr, false);
  if (!answer.is_object()) throw std::runtime_error("chromedriver: " + said.text());
  const Json value = answer.value("value", Json());
  if (value.is_object() && value.contains("error"))
    throw std::runtime_error(value.value("message", said.out));
  return value;
}

void Browser::open(const std::string& url) {
  ask("/url", {{"url", url}});
}

Browser::Json Browser::script(const std::string& body) {
  return ask("/execute/sync", {{"script", body}, {"args", Json::array()}});
}

bool Browser::waits_for(const std::string& expression, std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (;;) {
    if (value("Boolean(" + expression + ")") == true) return true;
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(50ms);
  }
}

void Browser::press(const std::string& keys) {
  Json actions = Json::array();
  for (std::size_t at = 0; at < keys.size();) {
    std::size_t end = at + 1;
    while (end < keys.size() && (static_cast<unsigned char>(keys[end]) & 0xC0U) == 0x80U) ++end;
    const std::string key = keys.substr(at, end - at);
    actions.push_back({{"type", "keyDown"}, {"value", key}});
    actions.push_back({{"type", "keyUp"}, {"value", key}});
    at = end;
  }
  const Json keyboard = {{"type", "key"}, {"id", "keyboard"}, {"actions", actions}};
  ask("/actions", {{"actions", Json::array({keyboard})}});
}

void Browser::show_as(int width, bool dark) {
  devtools("Emulation.setDeviceMetricsOverride",
           {{"width", width}, {"height", 800}, {"deviceScaleFactor", 1}, {"mobile", width < 600}});
  const Json scheme = {{"name", "prefers-color-scheme"}, {"value", dark ? "dark" : "light"}};
  devtools("Emulation.setEmulatedMedia", {{"features", Json::array({scheme})}});
}

void Browser::screenshot(const std::filesystem::path& file) {
  const Json taken = devtools("Page.captureScreenshot", {{"captureBeyondViewport", true}});
  std::ofstream(file, std::ios::binary) << decode_base64(taken.at("data").get<std::string>());
}

std::string Browser::complaints() {
  std::string lines;
  for (const Json& entry : ask("/se/log", {{"type", "browser"}})) {
    const std::string level = entry.value("level", "");
    if (level == "SEVERE" || level == "WARNING") lines += entry.value("message", "") + "\n";
  }
  return lines;
}

Browser::Json Browser::devtools(const std::string& command, const Json& parameters) {
  return ask("/goog/cdp/execute", {{"cmd", command}, {"params", parameters}});
}

}  // namespace balancefs::test
