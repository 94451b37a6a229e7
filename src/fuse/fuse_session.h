// The mount: libfuse's session with its descriptor in the loop.
//
// The daemon never lets go of its mountpoint while it lives and does not ask for automatic unmounting, so a
// crash shows as ENOTCONN and never as an empty folder. Loop thread.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <memory>
#include <string>

#include "balancefs/options.h"
#include "fs/filesystem.h"
#include "fuse/fuse_operations.h"

namespace balancefs {

class FuseSession {
 public:
  /// `on_ready` is called once the kernel and we speak; `on_end` when somebody else unmounted.
  FuseSession(asio::io_context& loop, Clock& clock, Filesystem& filesystem, std::function<void()> on_ready,
              std::function<void()> on_end);
  ~FuseSession();
  FuseSession(const FuseSession&) = delete;
  FuseSession& operator=(const FuseSession&) = delete;

  /// Mounts. The error says what the user can do about it. Not called twice.
  Result<void> mount(const MountOptions& options, const std::string& mountpoint);
  /// Takes no further requests, answers those under way, and lets go of the mountpoint. Waits for no network.
  /// What others have mounted there since is left alone.
  Task<void> close();
  /// The kernel's number of this mount ("0:57"); empty when it could not be learnt.
  const std::string& device() const { return device_; }
  /// Whether what programs see at the mountpoint is this mount. Reads the kernel's table.
  bool holds_mountpoint() const;

 private:
  struct SessionDeleter {
    void operator()(fuse_session* session) const { fuse_session_destroy(session); }
  };
  void attach();
  void detach();
  void wait_for_requests();
  bool receive_requests();
  void initialised();
  void ended();

  FuseOperations operations_;
  Filesystem& filesystem_;
  std::function<void()> on_ready_;
  std::function<void()> on_end_;
  std::unique_ptr<fuse_session, SessionDeleter> session_;
  std::unique_ptr<Notifier> notifier_;
  std::unique_ptr<ReadSender> sender_;
  asio::posix::stream_descriptor descriptor_;
  fuse_buf buffer_;
  std::string mountpoint_;
  std::string device_;
  /// Gone when the session is: the loop may still hold a handler that found the descriptor ready.
  std::shared_ptr<const bool> attached_;
  std::uint64_t read_ahead_ = 0;  ///< of the kernel, bytes; 0: as it is
  bool mounted_ = false;
  bool ended_ = false;  ///< by somebody else
};

}  // namespace balancefs
