#include "support/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <stdexcept>

namespace balancefs::test {
namespace {

using namespace std::chrono_literals;

// After kill -9 a program may still wait in the kernel for a moment, never for long.
constexpr auto kKillLimit = 10s;

std::string read_all(int fd) {
  std::string text;
  char buffer[16384];
  for (;;) {
    const ssize_t count = pread(fd, buffer, sizeof buffer, static_cast<off_t>(text.size()));
    if (count <= 0) return text;
    text.append(buffer, static_cast<std::size_t>(count));
  }
}

int memory_file(const char* name) {
  const int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0) throw std::runtime_error("no memory file");
  fcntl(fd, F_SETFL, O_APPEND);  // for scripts whose programs write at once
  return fd;
}

pid_t spawn(const std::vector<std::string>& command, const std::string& directory, int out, int err) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
  // A listener that a child inherits would still accept when the test has closed it.
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  if (!directory.empty()) posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  pid_t child = -1;
  const int error = posix_spawnp(&child, words[0], &actions, &attributes, words.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0)
    throw std::runtime_error(fmt::format("cannot start {}: {}", command.at(0), strerror(error)));
  return child;
}

}  // namespace

std::string ProgramResult::text() const {
  return fmt::format("{} {}\nstdout: {}\nstderr: {}", timed_out ? "killed at the deadline, status" : "status",
                     status, out, err);
}

Program::Program(const std::vector<std::string>& command, const std::string& directory)
    : out_(memory_file("stdout")), err_(memory_file("stderr")) {
  pid_ = spawn(command, directory, out_, err_);
}

Program::~Program() {
  kill(-pid_, SIGKILL);
  if (!status_) wait(kKillLimit);
  close(out_);
  close(err_);
}

void Program::signal(int number) const {
  if (!status_) kill(pid_, number);
}

bool Program::wait(std::chrono::milliseconds limit) {
  if (status_) return true;
  const int handle = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
  pollfd ready{handle, POLLIN, 0};
  const bool ended = poll(&ready, 1, static_cast<int>(limit.count())) == 1;
  close(handle);
  if (!ended) return false;
  int status = 0;
  if (waitpid(pid_, &status, 0) == pid_) status_ = status;
  return status_.has_value();
}

ProgramResult Program::finish(std::chrono::milliseconds limit) {
  ProgramResult result;
  if (!wait(limit)) {
    result.timed_out = true;
    kill(-pid_, SIGKILL);
    wait(kKillLimit);
  }
  if (status_) result.status = WIFSIGNALED(*status_) ? 128 + WTERMSIG(*status_) : WEXITSTATUS(*status_);
  result.out = out();
  result.err = err();
  return result;
}

std::string Program::out() const {
  return read_all(out_);
}
std::string Program::err() const {
  return read_all(err_);
}

ProgramResult run(const std::vector<std::string>& command, std::chrono::milliseconds limit) {
  return Program(command).finish(limit);
}

ProgramResult run_script(const std::string& script, const std::string& directory,
                         const std::vector<std::string>& arguments, std::chrono::milliseconds limit) {
  std::vector<std::string> command = {"/bin/sh", "-c", script, "sh"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return Program(command, directory).finish(limit);
}

}  // namespace balancefs::test
