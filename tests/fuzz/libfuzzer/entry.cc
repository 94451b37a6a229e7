// The entry that libFuzzer calls; the build names the target.
#include "fuzz/targets.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  return balancefs::test::BALANCEFS_FUZZ_TARGET(data, size);
}
