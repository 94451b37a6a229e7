// How far the kernel reads ahead on our mount. By itself it takes steps of 128 KiB, and for each a program
// that reads on waits for the wake-ups of several threads. A larger step needs root. Any thread; blocks for a
// moment only.
#pragma once

#include <cstdint>
#include <string>

namespace balancefs {

/// Sets the read-ahead of the mount with that device number ("0:53"). To be called after the kernel has taken
/// the answer to INIT, which lowers it again. False where it is not permitted or the mount is gone.
bool set_kernel_read_ahead(const std::string& device, std::uint64_t bytes);

}  // namespace balancefs
