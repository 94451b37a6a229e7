#include "fuse/kernel_read_ahead.h"

#include <fstream>

namespace balancefs {

bool set_kernel_read_ahead(const std::string& device, std::uint64_t bytes) {
  std::ofstream setting("/sys/class/bdi/" + device + "/read_ahead_kb");
  setting << bytes / 1024 << std::flush;
  return setting.good();
}

}  // namespace balancefs
