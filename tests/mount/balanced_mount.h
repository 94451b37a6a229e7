// Several nginx members with the same files, mounted as one group at /pt: the scene of most tests here.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "support/mounted_app.h"
#include "support/native_tree.h"

namespace balancefs::test {

/// Mount path of the i-th member: "/pt", "/pt.balance1", ...
std::string member_name(int i);

class BalancedMount : public MountTest {
 protected:
  /// `count` members that serve one directory; options but `root` from `serve`.
  void start_members(int count, ServerOptions serve = ServerOptions());
  void mount(const std::string& sections = {});
  /// A directory of its own for each member, of which members(i).root() says where it is.
  void start_separate_members(int count);

  std::filesystem::path native() const { return scratch_.path() / "native"; }
  std::filesystem::path pt(const std::string& name = {}) const {
    return app_->path(name.empty() ? "pt" : "pt/" + name);
  }
  Server& member(int i) { return *members_.at(static_cast<std::size_t>(i)); }
  /// The member that served the last handle of /pt/`name`.
  std::string source_of(const std::string& name) const { return app_->member_of("pt/" + name); }
  /// How many different files below `directory` the i-th member has sent data of.
  int files_served(int i, const std::string& directory);

  ScratchDirectory scratch_;
  std::vector<std::unique_ptr<Server>> members_;
  std::unique_ptr<MountedApp> app_;
};

}  // namespace balancefs::test
