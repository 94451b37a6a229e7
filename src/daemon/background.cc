#include "daemon/background.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>

#include "base/text.h"

namespace balancefs {
namespace {

constexpr std::string_view kReady = "0\n";

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
  return true;
}

void print_error(std::string_view line) {
  static_cast<void>(write_all(STDERR_FILENO, fmt::format("balancefs: {}\n", line)));
}

void let_go_of_the_caller() {
  std::fflush(nullptr);
  const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  if (nowhere < 0) return;
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::dup2(nowhere, fd);
  ::close(nowhere);
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 512> buffer;
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
}

/// The child ended without a word: how.
int explain_silent_end(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) {
    print_error(
        fmt::format("the daemon was ended by signal {} before the mount was ready", WTERMSIG(status)));
  } else {
    print_error(
        fmt::format("the daemon ended with status {} before the mount was ready", WEXITSTATUS(status)));
  }
  return 1;
}

/// "status\n" for success, "status line\n" for failure.
int relay(const std::string& message, pid_t child) {
  if (message == kReady) return 0;
  const std::size_t blank = message.find(' ');
  if (blank != 1 || !message.ends_with('\n')) return explain_silent_end(child);
  print_error(std::string_view(message).substr(2, message.size() - 3));
  return message[0] - '0';
}

void become_daemon(int pipe) {
  ::setsid();
  static_cast<void>(::chdir("/") == 0);
  const auto report = static_cast<unsigned>(pipe);
  if (report > 3) ::close_range(3, report - 1, 0);
  ::close_range(report + 1, UINT_MAX, 0);
}

}  // namespace

StartReport::StartReport(StartReport&& other) noexcept
    : pipe_(std::exchange(other.pipe_, -1)), done_(std::exchange(other.done_, true)) {}

StartReport::~StartReport() {
  if (pipe_ >= 0) ::close(pipe_);
}

bool StartReport::tell(std::string_view message) {
  done_ = true;
  const int pipe = std::exchange(pipe_, -1);
  const bool heard = write_all(pipe, message);
  ::close(pipe);
  return heard;
}

bool StartReport::ready() {
  if (done_) return true;
  if (pipe_ < 0) return done_ = true;
  let_go_of_the_caller();
  return tell(kReady);
}

void StartReport::failed(int status, std::string_view line) {
  if (done_) return;
  const std::string text = escape_controls(line);
  if (pipe_ < 0) {
    done_ = true;
    print_error(text);
  } else {
    tell(fmt::format("{} {}\n", status, text));
  }
}

Result<ForkSide> fork_into_background() {
  std::array<int, 2> ends = {-1, -1};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
    return fail(ErrorKind::unavailable, fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  std::fflush(nullptr);
  const pid_t child = ::fork();
  if (child < 0) {
    ::close(ends[0]);
    ::close(ends[1]);
    return fail(ErrorKind::unavailable, fmt::format("cannot fork: {}", std::strerror(errno)));
  }
  if (child == 0) {
    ::close(ends[0]);
    ::signal(SIGPIPE, SIG_IGN);  // a caller that left is an error of write(), not our end
    become_daemon(ends[1]);
    return ForkSide(StartReport(ends[1]));
  }
  ::close(ends[1]);
  const std::string message = read_to_end(ends[0]);
  ::close(ends[0]);
  return ForkSide(relay(message, child));
}

}  // namespace balancefs
