#!/bin/bash
# The first minute with balancefs: installs what the build needs (Debian packages, as root or with sudo), builds
# the program and runs `balancefs demo`, which changes nothing outside a temporary folder.
# Can be run again: what is there already is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}

say() { printf '\n== %s\n' "$*"; }

say "1/3 packages (packaging/packages.txt, section build)"
packaging/install-packages.sh build

say "2/3 build, $jobs compilers at once; the first time takes some minutes"
mkdir -p build
cmake --preset release >build/release-configure.log 2>&1 || { cat build/release-configure.log >&2; exit 1; }
cmake --build --preset release --parallel "$jobs" --target balancefs

say "3/3 build/release/src/balancefs demo"
exec build/release/src/balancefs demo
