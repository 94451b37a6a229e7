// The program's entry; src/daemon/cli.h does the rest.
#include "daemon/cli.h"

int main(int argc, char** argv) {
  return balancefs::run_command_line(argc, argv);
}
