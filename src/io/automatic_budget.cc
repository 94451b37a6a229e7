#include "io/automatic_budget.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::uint64_t kMost = 256ull * 1024 * 1024;

std::string read_text(const std::string& file) {
  std::ifstream stream(file);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

/// Files without a limit say "max" (version 2) or a number near 2^63 (version 1).
std::optional<std::uint64_t> limit_in(const std::string& file) {
  const auto value = parse_number(trim(read_text(file)));
  return value && *value > 0 ? value : std::nullopt;
}

std::optional<std::uint64_t> tightest(const std::string& hierarchy, std::string group,
                                      const std::string& file) {
  std::optional<std::uint64_t> least;
  for (;;) {
    std::string path = hierarchy;
    path.append(group).append("/").append(file);
    if (const auto limit = limit_in(path)) least = std::min(*limit, least.value_or(*limit));
    if (group.empty()) return least;
    const std::size_t slash = group.rfind('/');
    group.resize(slash == std::string::npos ? 0 : slash);
  }
}

}  // namespace

std::optional<std::uint64_t> cgroup_memory_limit(std::string_view membership, const std::string& hierarchy) {
  std::optional<std::uint64_t> least;
  while (!membership.empty()) {
    const std::string_view line = membership.substr(0, membership.find('\n'));
    membership.remove_prefix(std::min(line.size() + 1, membership.size()));
    // "0::/group" (version 2) or "4:memory:/group" (version 1); "/" is the root.
    const std::size_t first = line.find(':');
    const std::size_t second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string group(line.substr(second + 1));
    if (group == "/") group.clear();
    std::optional<std::uint64_t> limit;
    if (controllers.empty()) limit = tightest(hierarchy, group, "memory.max");
    if (controllers == "memory") limit = tightest(hierarchy + "/memory", group, "memory.limit_in_bytes");
    if (limit) least = std::min(*limit, least.value_or(*limit));
  }
  return least;
}

std::uint64_t automatic_memory_budget() {
  const auto pages = static_cast<std::uint64_t>(::sysconf(_SC_PHYS_PAGES));
  std::uint64_t usable = pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  if (const auto limit = cgroup_memory_limit(read_text("/proc/self/cgroup"), "/sys/fs/cgroup")) {
    usable = std::min(usable, *limit);
  }
  return std::min(kMost, usable / 8);
}

}  // namespace balancefs
