#include "fuse/interrupts.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <sstream>
#include <string>

namespace balancefs {
namespace {

using namespace std::chrono_literals;

// The kernel tells of a request's first signal only, and nothing reports that a process is being killed: a
// program that handled a signal and is killed later, while it waits for a page of a mapped file, is seen by
// looking alone. Only such interrupted requests are looked at.
constexpr Duration kLookAgain = 1s;

bool has_sigkill(const std::string& line) {
  const std::size_t tab = line.find('\t');
  if (tab == std::string::npos) return false;
  const unsigned long long mask = std::strtoull(line.c_str() + tab, nullptr, 16);
  return ((mask >> (SIGKILL - 1)) & 1) != 0;
}

/// A thread of a program that ends has closed its files, or is about to.
bool is_exiting(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/stat");  // proc(5)
  std::string line;
  if (!std::getline(file, line)) return false;
  std::istringstream fields(line.substr(std::min(line.rfind(')') + 1, line.size())));
  std::string state;
  std::string skipped;
  std::uint64_t flags = 0;
  fields >> state;
  for (int i = 0; i < 5; ++i) fields >> skipped;
  fields >> flags;
  constexpr std::uint64_t kExiting = 4;  // PF_EXITING
  return state == "Z" || state == "X" || (flags & kExiting) != 0;
}

}  // namespace

bool is_being_killed(pid_t pid) {
  if (pid == 0) return false;  // of another pid namespace: nothing can be known
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  if (!status) return kill(pid, 0) != 0 && errno == ESRCH;  // gone already, or hidden from us
  for (std::string line; std::getline(status, line);) {
    if ((line.starts_with("SigPnd:") || line.starts_with("ShdPnd:")) && has_sigkill(line)) return true;
  }
  return is_exiting(pid);
}

InterruptWatch::InterruptWatch(fuse_req_t request, Clock& clock, Patience patience)
    : request_(request), pid_(fuse_req_ctx(request)->pid), clock_(clock), patience_(patience) {}

void InterruptWatch::arm(FlowHandle flow) {
  flow_ = std::move(flow);
  fuse_req_interrupt_func(request_, on_interrupt, this);
}

void InterruptWatch::on_interrupt(fuse_req_t, void* self) {
  static_cast<InterruptWatch*>(self)->interrupted();
}

void InterruptWatch::interrupted() {
  if (is_being_killed(pid_)) return flow_.cancel();
  switch (patience_) {
    case Patience::two_seconds:
      timer_ = clock_.call_at(clock_.now() + 2s, [flow = flow_] { flow.cancel(); });
      return;
    case Patience::until_killed:
      timer_ = clock_.call_at(clock_.now() + kLookAgain, [this] { interrupted(); });
      return;
  }
}

}  // namespace balancefs
