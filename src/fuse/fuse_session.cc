#include "fuse/fuse_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/text.h"

namespace balancefs {
namespace {

// Requests served in one turn of the loop, so that a busy kernel does not keep the network waiting.
constexpr int kRequestsPerTurn = 64;

// libfuse says why a mount failed by its log function alone. Only touched while mount() runs.
std::string& last_fuse_message() {
  static std::string message;
  return message;
}

void collect_message(enum fuse_log_level, const char* format, va_list args) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, args);
  const std::string_view text = trim(line);
  if (text.empty()) return;
  last_fuse_message() = text;
  log_debug("libfuse: {}", text);
}

std::string explain_mount_failure(const std::string& mountpoint, const MountOptions& options) {
  std::string text = fmt::format("cannot mount at {}", mountpoint);
  if (!last_fuse_message().empty()) text += ": " + last_fuse_message();
  if (access("/dev/fuse", F_OK) != 0) {
    text += " (/dev/fuse is missing: load the kernel module with 'modprobe fuse')";
  } else if (access("/dev/fuse", R_OK | W_OK) != 0) {
    text += " (/dev/fuse may not be opened by this user)";
  } else if (options.allow_other && geteuid() != 0) {
    text += " (allow_other needs the line 'user_allow_other' in /etc/fuse.conf)";
  }
  return text;
}

std::string mount_flags(const MountOptions& options) {
  std::string flags = "fsname=balancefs,subtype=balancefs,default_permissions,ro";
  if (options.allow_other) flags += ",allow_other";
  for (const std::string& flag : options.kernel_flags) flags += "," + flag;
  return flags;
}

}  // namespace

FuseSession::FuseSession(asio::io_context& loop, Clock& clock, Filesystem& filesystem,
                         std::function<void()> on_ready, std::function<void()> on_end)
    : operations_(filesystem, clock, loop.get_executor(), std::move(on_ready)),
      filesystem_(filesystem),
      on_end_(std::move(on_end)),
      descriptor_(loop) {
  std::memset(&buffer_, 0, sizeof buffer_);
}

FuseSession::~FuseSession() {
  BALANCEFS_CHECK(!mounted_);
  std::free(buffer_.mem);
}

Result<void> FuseSession::mount(const MountOptions& options, const std::string& mountpoint) {
  fuse_set_log_func(collect_message);
  last_fuse_message().clear();
  std::string program = "balancefs";
  std::string option = "-o";
  std::string flags = mount_flags(options);
  char* argv[] = {program.data(), option.data(), flags.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, argv);
  session_.reset(fuse_session_new(&args, &FuseOperations::table(), sizeof(fuse_lowlevel_ops), &operations_));
  fuse_opt_free_args(&args);
  if (session_ == nullptr) return fail(ErrorKind::unsupported, "libfuse refused: " + last_fuse_message());
  if (fuse_session_mount(session_.get(), mountpoint.c_str()) != 0) {
    return fail(ErrorKind::denied, explain_mount_failure(mountpoint, options));
  }
  mounted_ = true;
  // ENOENT (the kernel does not know the name) and a closed connection are both fine.
  Notifier::Send send = [session = session_.get()](std::uint64_t parent, const std::string& name) {
    fuse_lowlevel_notify_inval_entry(session, parent, name.data(), name.size());
  };
  notifier_ = std::make_unique<Notifier>(descriptor_.get_executor(), std::move(send));
  operations_.set_notifier(*notifier_);
  filesystem_.set_notifier(notifier_.get());
  const int descriptor = fuse_session_fd(session_.get());
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  descriptor_.assign(descriptor);
  wait_for_requests();
  return {};
}

void FuseSession::wait_for_requests() {
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, [this](const std::error_code& error) {
    if (error) return;
    if (receive_requests()) {
      wait_for_requests();
    } else {
      ended();
    }
  });
}

bool FuseSession::receive_requests() {
  for (int i = 0; i < kRequestsPerTurn; ++i) {
    const int size = fuse_session_receive_buf(session_.get(), &buffer_);
    if (size == -EINTR) continue;
    if (size == -EAGAIN) return true;
    if (size <= 0) return false;
    fuse_session_process_buf(session_.get(), &buffer_);
    if (fuse_session_exited(session_.get()) != 0) return false;
  }
  return true;
}

void FuseSession::ended() {
  ended_ = true;
  log_info("unmounted by somebody else");
  on_end_();
}

Task<void> FuseSession::close() {
  if (!mounted_) co_return;
  // Requests go on being read, and are refused. A notification may wait in the kernel for the answer to one
  // that has just come; it would keep the connection, and with it that program, beyond the unmount.
  co_await operations_.close();
  co_await notifier_->close();
  // libfuse closes the descriptor while it unmounts: Asio must have let go of it before.
  descriptor_.release();
  filesystem_.set_notifier(nullptr);
  fuse_session_unmount(session_.get());
  notifier_.reset();
  session_.reset();
  mounted_ = false;
}

}  // namespace balancefs
