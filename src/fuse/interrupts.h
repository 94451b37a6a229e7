// When a kernel request whose program was signalled is given up.
//
// Programs with timers get signals all the time and must not see EINTR for it: a metadata request is given up
// at once only when the program is being killed (SIGKILL pending), else after two seconds. Reads are given up
// for a killed program only, within a second: the kernel would not believe it otherwise. Loop thread.
#pragma once

#include <fuse_lowlevel.h>
#include <sys/types.h>

#include <memory>

#include "balancefs/clock.h"
#include "balancefs/task.h"

namespace balancefs {

/// Whether SIGKILL is pending for the process or the thread, or it is on its way out.
bool is_being_killed(pid_t pid);

/// Follows one request from its flow's start to its answer; the flow owns it.
class InterruptWatch {
 public:
  enum class Patience { two_seconds, until_killed };

  InterruptWatch(fuse_req_t request, Clock& clock, Patience patience);
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  /// Begins: `flow` is what an interrupt gives up. libfuse forgets the watch when the request is answered.
  void arm(FlowHandle flow);

 private:
  static void on_interrupt(fuse_req_t request, void* self);
  void interrupted();

  fuse_req_t request_;
  pid_t pid_;
  Clock& clock_;
  Patience patience_;
  FlowHandle flow_;
  Timer timer_;
};

}  // namespace balancefs
