// A mount's control socket in the file system, for as long as its daemon serves.
//
// It appears under its name only when it already listens, and a name that is taken is never taken over: what
// is found there and refuses connections was left by a daemon that died, and goes; what answers stays. At the
// end the name goes, when it is still this socket's. Blocking, but never on a network.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "control/control_folder.h"

namespace balancefs {

class ControlSocket {
 public:
  /// `device`: the kernel's number of the mount.
  static Result<ControlSocket> listen(ControlFolder folder, std::string_view device);
  /// In the first folder of control_folders() where that is possible.
  static Result<ControlSocket> listen_for(std::string_view device);

  ControlSocket(ControlSocket&& other) noexcept;
  ControlSocket& operator=(ControlSocket&&) = delete;
  ~ControlSocket();

  /// The listening descriptor; from now on the caller's.
  int release();
  std::string path() const { return folder_.path() + "/" + name_; }

 private:
  ControlSocket(ControlFolder folder, std::string name, int descriptor)
      : folder_(std::move(folder)), name_(std::move(name)), descriptor_(descriptor) {}

  ControlFolder folder_;
  std::string name_;
  int descriptor_;
  ino_t inode_ = 0;  ///< 0: the name is not this socket's
};

}  // namespace balancefs
