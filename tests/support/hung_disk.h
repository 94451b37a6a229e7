// A disk that does not answer, as the threads that wait for it see it.
#pragma once

#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <ctime>
#include <filesystem>
#include <string>

namespace balancefs::test {

/// While it lives, all threads but the test's own stand still, as if their disk did not answer.
class HungDisk {
 public:
  HungDisk() {
    hangs = true;
    std::signal(SIGUSR1, &stand_still);
    for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
      const int thread = std::stoi(task.path().filename().string());
      if (thread != ::gettid()) ::syscall(SYS_tgkill, ::getpid(), thread, SIGUSR1);
    }
  }
  HungDisk(const HungDisk&) = delete;
  HungDisk& operator=(const HungDisk&) = delete;
  ~HungDisk() { hangs = false; }

 private:
  static void stand_still(int /*signal*/) {
    const timespec moment{0, 1'000'000};
    while (hangs) ::nanosleep(&moment, nullptr);
  }
  static inline std::atomic<bool> hangs = false;
};

}  // namespace balancefs::test
