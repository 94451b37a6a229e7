#include "mount/balanced_mount.h"

#include <fmt/format.h>

#include <set>
#include <sstream>

namespace balancefs::test {

std::string member_name(int i) {
  return i == 0 ? "/pt" : fmt::format("/pt.balance{}", i);
}

void BalancedMount::start_members(int count, ServerOptions serve) {
  std::filesystem::create_directories(native());
  serve.root = native();
  for (int i = 0; i < count; ++i) members_.push_back(start_server(ServerKind::nginx_webdav, serve));
}

void BalancedMount::start_separate_members(int count) {
  for (int i = 0; i < count; ++i) members_.push_back(start_server(ServerKind::nginx_webdav));
}

void BalancedMount::mount(const std::string& sections) {
  MountConfig config = balanced(members_);
  config.sections = sections;
  app_ = std::make_unique<MountedApp>(config);
}

int BalancedMount::files_served(int i, const std::string& directory) {
  std::set<std::string> names;
  std::istringstream lines(member(i).log());
  const std::string wanted = fmt::format("\"GET /{}/", directory);
  for (std::string line; std::getline(lines, line);) {
    const std::size_t at = line.find(wanted);
    if (at == std::string::npos) continue;
    const std::size_t start = at + wanted.size();
    names.insert(line.substr(start, line.find(' ', start) - start));
  }
  return static_cast<int>(names.size());
}

}  // namespace balancefs::test
