// Where control sockets are: a folder that nobody but its user can enter, a name per mount.
//
// Both sides look in the same places: root's are in /run/balancefs, a user's in $XDG_RUNTIME_DIR/balancefs,
// else /run/user/UID/balancefs; where there is none of these, /tmp/balancefs-UID. A folder that is not the
// user's own is never used, whoever made it. The descriptor is what is worked with, not the path: nobody can
// put something else in its place, and no path is too long for a socket's address. Blocking, but never on a
// network.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "balancefs/result.h"

namespace balancefs {

/// The best first.
std::vector<std::string> control_folders(uid_t user);

/// "0-57.sock" for the kernel's number "0:57".
std::string control_socket_name(std::string_view device);

/// Owns a descriptor.
class ControlFolder {
 public:
  /// The daemon's side: makes the folder when it is missing, and closes it to others. `denied` when it
  /// belongs to somebody else.
  static Result<ControlFolder> make(const std::string& path);
  /// The other side: `not_found`, or `denied` when it is not `owner`'s.
  static Result<ControlFolder> open(const std::string& path, uid_t owner);

  ControlFolder(ControlFolder&& other) noexcept;
  ControlFolder& operator=(ControlFolder&& other) noexcept;
  ~ControlFolder();

  int descriptor() const { return descriptor_; }
  const std::string& path() const { return path_; }
  /// As a socket's address wants it.
  std::string address_of(const std::string& name) const;

 private:
  ControlFolder(int descriptor, std::string path) : descriptor_(descriptor), path_(std::move(path)) {}

  int descriptor_;
  std::string path_;
};

}  // namespace balancefs
