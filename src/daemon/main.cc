// The program's entry; src/daemon/cli.h does the rest.
#include <malloc.h>

#include "daemon/cli.h"

namespace {

// From this size on freed memory goes back to the system. Left alone, glibc raises the bound up to 32 MiB
// with the largest block that was freed: a listing of 100,000 names then leaves 10 MiB of holes behind.
constexpr int kGivenBack = 1 << 20;

}  // namespace

int main(int argc, char** argv) {
  mallopt(M_MMAP_THRESHOLD, kGivenBack);
  return balancefs::run_command_line(argc, argv);
}
