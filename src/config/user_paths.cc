#include "config/user_paths.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace balancefs {

std::string home_directory() {
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') return home;
  const passwd* entry = ::getpwuid(::getuid());
  return entry != nullptr && entry->pw_dir != nullptr && entry->pw_dir[0] == '/' ? entry->pw_dir : "/";
}

std::string usual_cache_folder() {
  const char* xdg = std::getenv("XDG_CACHE_HOME");
  if (xdg != nullptr && xdg[0] == '/') return std::string(xdg) + "/balancefs";
  const char* home = std::getenv("HOME");
  const bool homeless = home == nullptr || home[0] != '/' || home[1] == '\0';
  if (homeless && ::getuid() == 0) return "/var/cache/balancefs";
  return home_directory() + "/.cache/balancefs";
}

std::expected<std::string, std::string> resolve_user_path(std::string_view text, const std::string& folder) {
  if (text.empty()) return std::unexpected("is empty");
  if (text.find('\0') != std::string_view::npos) return std::unexpected("has a NUL character in it");
  std::filesystem::path path(text);
  if (text == "~") path = home_directory();
  if (text.starts_with("~/")) path = std::filesystem::path(home_directory()) / text.substr(2);
  if (text.front() == '~' && path.string().starts_with("~")) {
    return std::unexpected("names another user's home; write that folder out");
  }
  std::string whole = (std::filesystem::path(folder) / path).lexically_normal().string();
  if (whole.size() > 1 && whole.back() == '/') whole.pop_back();
  return whole;
}

}  // namespace balancefs
