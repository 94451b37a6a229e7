#!/bin/bash
# The unit tests of the tsan preset that are built (target crosses_threads). Skipped (77) where nothing is built,
# unless CI=true.
set -euo pipefail
cd "$(dirname "$0")/../.."
if [ ! -x build/tsan/tests/sanitizers/planted_bug ]; then
  echo "not built: cmake --preset tsan && cmake --build --preset tsan --target crosses_threads"
  [ "${CI:-}" = true ] && exit 1
  exit 77
fi
export TSAN_OPTIONS=${TSAN_OPTIONS:-halt_on_error=1:second_deadlock_stack=1}
exec ctest --preset tsan --label-regex '^unit$' --no-tests=error
