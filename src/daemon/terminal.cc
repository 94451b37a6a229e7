#include "daemon/terminal.h"

#include <unistd.h>

#include <cstdlib>

namespace balancefs {

bool wants_colours() {
  const char* const off = std::getenv("NO_COLOR");
  return (off == nullptr || *off == '\0') && ::isatty(STDOUT_FILENO) == 1;
}

}  // namespace balancefs
