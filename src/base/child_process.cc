#include "base/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace balancefs {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { close(); }
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }

 private:
  int fd_;
};

/// Owns the duty to collect a child: killed with its group when nobody waited for its end.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (collected_) return;
    ::kill(-pid_, SIGKILL);
    collect();
  }
  pid_t pid() const { return pid_; }
  int collect() {
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    collected_ = true;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  pid_t pid_;
  bool collected_ = false;
};

/// Whether `fd` became readable (or ended) before the time.
bool wait_readable(int fd, SteadyTime until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
    if (left.count() < 0) return false;
    pollfd entry = {fd, POLLIN, 0};
    const int count = ::poll(&entry, 1, static_cast<int>(left.count()));
    if (count > 0) return true;
    if (count == 0) return false;
    if (errno != EINTR) return false;
  }
}

/// The attributes and file actions of posix_spawn, freed with this object.
class SpawnSettings {
 public:
  SpawnSettings(int output, bool with_stderr) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_addopen(&actions_, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions_, output, STDOUT_FILENO);
    if (with_stderr) posix_spawn_file_actions_adddup2(&actions_, output, STDERR_FILENO);
    posix_spawn_file_actions_addclosefrom_np(&actions_, STDERR_FILENO + 1);
    posix_spawnattr_init(&attributes_);
    sigset_t none;
    sigemptyset(&none);
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &none);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  Result<pid_t> spawn(const std::vector<std::string>& arguments) const {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    pid_t pid = -1;
    const int error = posix_spawnp(&pid, argv[0], &actions_, &attributes_, argv.data(), environ);
    if (error == 0) return pid;
    return fail(ErrorKind::unavailable, fmt::format("cannot run {}: {}", arguments[0], std::strerror(error)));
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

Result<std::string> read_all(int fd, const ChildCommand& command, SteadyTime until) {
  std::string output;
  std::array<char, 4096> buffer;
  for (;;) {
    if (!wait_readable(fd, until)) return fail(ErrorKind::timed_out, command.argv[0] + " took too long");
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return output;
    output.append(buffer.data(), static_cast<std::size_t>(count));
    if (output.size() > command.output_limit) {
      return fail(ErrorKind::too_large, command.argv[0] + " wrote too much");
    }
  }
}

/// A child may close its output and stay: its end is waited for as well. Without pidfd (Linux before 5.3) the
/// wait has no limit.
bool wait_for_end(pid_t pid, SteadyTime until) {
  const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return handle.get() < 0 || wait_readable(handle.get(), until);
}

}  // namespace

Result<ChildOutcome> run_child(const ChildCommand& command) {
  const SteadyTime until = std::chrono::steady_clock::now() + command.timeout;
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::unavailable, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  const Descriptor reading(ends[0]);
  Descriptor writing(ends[1]);
  const SpawnSettings settings(writing.get(), command.collect_stderr);
  const Result<pid_t> pid = settings.spawn(command.argv);
  if (!pid) return std::unexpected(pid.error());
  Child child(*pid);
  writing.close();

  Result<std::string> output = read_all(reading.get(), command, until);
  if (!output) return std::unexpected(output.error());
  if (!wait_for_end(child.pid(), until))
    return fail(ErrorKind::timed_out, command.argv[0] + " took too long");
  ChildOutcome outcome;
  outcome.exit_status = child.collect();
  outcome.output = std::move(*output);
  return outcome;
}

Result<void> start_child(const std::vector<std::string>& argv) {
  const Descriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const SpawnSettings settings(nowhere.get(), true);
  const Result<pid_t> pid = settings.spawn(argv);
  if (!pid) return std::unexpected(pid.error());
  return {};
}

}  // namespace balancefs
