#include "fuse/fuse_session.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/log.h"
#include "base/mount_table.h"
#include "base/text.h"
#include "fuse/kernel_read_ahead.h"

namespace balancefs {
namespace {

// Requests served in one turn of the loop, so that a busy kernel does not keep the network waiting.
constexpr int kRequestsPerTurn = 64;

std::string format_message(const char* format, va_list args) {
  char line[512];
  std::vsnprintf(line, sizeof line, format, args);
  return std::string(trim(line));
}

/// libfuse's own would write to standard error, which is nobody's in the background. Any thread.
void log_message(enum fuse_log_level, const char* format, va_list args) {
  const std::string text = format_message(format, args);
  if (!text.empty()) log_debug("libfuse: {}", text);
}

/// While it lives: keeps the last message, since libfuse says why a mount failed by its log function alone.
/// That function has no argument of ours, so where it writes is named here. One at a time, on one thread.
class MessageCollector {
 public:
  MessageCollector() {
    target = &last_;
    fuse_set_log_func(collect);
  }
  MessageCollector(const MessageCollector&) = delete;
  MessageCollector& operator=(const MessageCollector&) = delete;
  ~MessageCollector() {
    fuse_set_log_func(log_message);
    target = nullptr;
  }
  const std::string& last() const { return last_; }

 private:
  static void collect(enum fuse_log_level, const char* format, va_list args) {
    std::string text = format_message(format, args);
    if (text.empty()) return;
    log_debug("libfuse: {}", text);
    *target = std::move(text);
  }
  static thread_local std::string* target;
  std::string last_;
};

thread_local std::string* MessageCollector::target = nullptr;

std::string explain_mount_failure(const std::string& mountpoint, const MountOptions& options,
                                  const std::string& message) {
  std::string text = fmt::format("cannot mount at {}", mountpoint);
  if (!message.empty()) text += ": " + message;
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

/// Ends the connection behind `descriptor` without an unmount, which libfuse would do by path: it takes a
/// descriptor that reports an error for a mount that is gone already. A pipe that nobody reads reports one.
bool sever(int descriptor) {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
  ::close(ends[0]);
  const bool severed = ::dup3(ends[1], descriptor, O_CLOEXEC) >= 0;
  ::close(ends[1]);
  return severed;
}

/// ENOENT (the kernel does not know the name) and a closed connection are both fine. Linux before 6.2 cannot
/// expire. On the sending thread.
void tell_kernel(fuse_session* session, std::uint64_t parent, const std::string& name,
                 Notifier::Order order) {
  const bool expire = order != Notifier::Order::drop;
  const bool expired = expire && fuse_lowlevel_notify_expire_entry(session, parent, name.data(), name.size(),
                                                                   FUSE_LL_EXPIRE_ONLY) != -ENOSYS;
  if (expired || order == Notifier::Order::expire_directory) return;
  fuse_lowlevel_notify_inval_entry(session, parent, name.data(), name.size());
}

}  // namespace

FuseSession::FuseSession(asio::io_context& loop, Clock& clock, Filesystem& filesystem,
                         std::function<void()> on_ready, std::function<void()> on_end)
    : operations_(filesystem, clock, loop.get_executor(), [this] { initialised(); }),
      filesystem_(filesystem),
      on_ready_(std::move(on_ready)),
      on_end_(std::move(on_end)),
      descriptor_(loop) {
  std::memset(&buffer_, 0, sizeof buffer_);
}

FuseSession::~FuseSession() {
  BALANCEFS_CHECK(!mounted_);
  std::free(buffer_.mem);
}

Result<void> FuseSession::mount(const MountOptions& options, const std::string& mountpoint) {
  const MessageCollector messages;
  std::string program = "balancefs";
  std::string option = "-o";
  std::string flags = mount_flags(options);
  char* argv[] = {program.data(), option.data(), flags.data(), nullptr};
  fuse_args args = FUSE_ARGS_INIT(3, argv);
  session_.reset(fuse_session_new(&args, &FuseOperations::table(), sizeof(fuse_lowlevel_ops), &operations_));
  fuse_opt_free_args(&args);
  if (session_ == nullptr) return fail(ErrorKind::unsupported, "libfuse refused: " + messages.last());
  if (fuse_session_mount(session_.get(), mountpoint.c_str()) != 0) {
    return fail(ErrorKind::denied, explain_mount_failure(mountpoint, options, messages.last()));
  }
  mounted_ = true;
  mountpoint_ = mountpoint;
  read_ahead_ = options.read_ahead;
  const std::vector<MountEntry> table = read_mount_table();
  if (const MountEntry* entry = find_mount(table, mountpoint_)) device_ = entry->device;
  attach();
  return {};
}

void FuseSession::attach() {
  Notifier::Send send = [session = session_.get()](std::uint64_t parent, const std::string& name,
                                                   Notifier::Order order) {
    tell_kernel(session, parent, name, order);
  };
  notifier_ = std::make_unique<Notifier>(descriptor_.get_executor(), std::move(send));
  sender_ = std::make_unique<ReadSender>(descriptor_.get_executor(), &reply_pieces);
  operations_.set_notifier(*notifier_);
  operations_.set_sender(*sender_);
  filesystem_.set_notifier(notifier_.get());
  const int descriptor = fuse_session_fd(session_.get());
  fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK);
  descriptor_.assign(descriptor);
  attached_ = std::make_shared<const bool>(true);
  wait_for_requests();
}

/// Called while INIT is being answered.
void FuseSession::initialised() {
  const auto answered = [this, attached = std::weak_ptr(attached_)] {
    if (attached.expired() || read_ahead_ == 0) return;
    if (!set_kernel_read_ahead(device_, read_ahead_))
      log_debug("the kernel's read-ahead stays as it is: changing it needs root");
  };
  asio::post(descriptor_.get_executor(), answered);
  on_ready_();
}

bool FuseSession::holds_mountpoint() const {
  if (!mounted_ || ended_) return false;
  const std::vector<MountEntry> table = read_mount_table();
  const MountEntry* entry = find_mount(table, mountpoint_);
  return device_.empty() || (entry != nullptr && entry->device == device_);
}

void FuseSession::wait_for_requests() {
  const auto ready = [this, attached = std::weak_ptr(attached_)](const std::error_code& error) {
    if (error || attached.expired()) return;
    if (receive_requests()) {
      wait_for_requests();
    } else {
      ended();
    }
  };
  descriptor_.async_wait(asio::posix::stream_descriptor::wait_read, ready);
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
  co_await sender_->close();
  co_await notifier_->close();
  detach();
}

void FuseSession::detach() {
  attached_.reset();
  // libfuse closes the descriptor while it unmounts: Asio must have let go of it before.
  descriptor_.release();
  filesystem_.set_notifier(nullptr);
  const bool covered = !ended_ && !holds_mountpoint();
  if (covered) log_info("{}: something else is mounted there by now; left alone", mountpoint_);
  if (!covered || sever(fuse_session_fd(session_.get()))) fuse_session_unmount(session_.get());
  notifier_.reset();
  sender_.reset();
  session_.reset();
  mounted_ = false;
}

}  // namespace balancefs
