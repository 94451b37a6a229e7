// How `unmount` knows when a daemon has ended: the daemon listens, for as long as it lives, on an abstract
// socket named after the kernel's number of its mount. Nobody ever speaks on it; its end is the message.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace balancefs {

/// Owns a descriptor.
class MountMark {
 public:
  MountMark(MountMark&& other) noexcept;
  MountMark& operator=(MountMark&& other) noexcept;
  ~MountMark();

  /// The daemon's side. Absent when the name is taken or cannot be: then nobody can wait, and nothing else is
  /// lost.
  static std::optional<MountMark> set(std::string_view device);
  /// The other side, before the unmount. Absent when no daemon has set its mark.
  static std::optional<MountMark> find(std::string_view device);
  /// Waits until the daemon has ended; false when it has not by then.
  bool wait_for_end(std::chrono::milliseconds timeout) const;

 private:
  explicit MountMark(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace balancefs
