#!/bin/bash
# Runs every test: installs what the tests need, builds with AddressSanitizer and UndefinedBehaviorSanitizer, builds
# with ThreadSanitizer what crosses threads, then runs everything; ctest's summary comes last.
# Can be run again: it builds only what changed. Arguments go to ctest (`tests/run.sh -R RoundRobin`, `-L unit`).
#
# With CI=true a test that cannot run where it is (no /dev/fuse, not root) fails; else it is skipped by name.
set -euo pipefail
cd "$(dirname "$0")/.."
jobs=${JOBS:-$(nproc)}
if [ "${CI:-}" = true ]; then export BALANCEFS_REQUIRE_MOUNT=1; fi

say() { printf '\n== %s [after %d s]\n' "$*" $SECONDS; }

# build PRESET TARGET
build() {
  say "build: $1, $2, $jobs compilers at once"
  cmake --preset "$1" >"build/$1-configure.log" 2>&1 || { cat "build/$1-configure.log" >&2; exit 1; }
  cmake --build --preset "$1" --parallel "$jobs" --target "$2"
}

mkdir -p build
say "packages (packaging/packages.txt: build, test, lint)"
packaging/install-packages.sh build test lint
build tsan crosses_threads
build asan all

say "tests (preset asan; ThreadSanitizer's are the one named sanitizers.tsan)"
export ASAN_OPTIONS=${ASAN_OPTIONS:-strict_string_checks=1:detect_stack_use_after_return=1}
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
exec ctest --preset asan --parallel "$jobs" --no-tests=error "$@"
