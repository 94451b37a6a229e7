#include <cstdio>
#include <cstdlib>

#include "balancefs/result.h"

namespace balancefs {

void check_failed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "balancefs: %s:%d: broken invariant: %s\n", file, line, condition);
  std::abort();
}

}  // namespace balancefs
