#!/bin/bash
# clang-tidy 19 over files: tidy.sh [FILE...]. Without arguments: what differs from the last commit, or, with --all,
# every .cc below src/. It needs a compile database for clang, which it makes in build/tidy.
set -euo pipefail
cd "$(dirname "$0")/../.."
runner=${RUN_CLANG_TIDY:-run-clang-tidy-19}
command -v "$runner" >/dev/null || { echo "tidy: $runner is missing: packaging/install-packages.sh tidy" >&2; exit 1; }
# Without the precompiled header: clang would have to build its own before it could look at anything.
cmake --preset clang -B build/tidy -DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON >build/tidy-configure.log 2>&1 || {
  cat build/tidy-configure.log >&2
  exit 1
}
if [ "${1:-}" = --all ]; then
  mapfile -t files < <(find src -name '*.cc' | sort)
elif [ $# -gt 0 ]; then
  files=("$@")
else
  mapfile -t files < <({ git diff --name-only HEAD; git ls-files --others --exclude-standard; } | grep '\.cc$' || true)
fi
[ ${#files[@]} -gt 0 ] || { echo "tidy: nothing to look at"; exit 0; }
patterns=()
for file in "${files[@]}"; do patterns+=("^$(realpath "$file")\$"); done
# std::stable_sort of GCC 12's library calls what it declares deprecated itself.
"$runner" -extra-arg=-Wno-deprecated-declarations -p build/tidy -j "$(nproc)" -quiet "${patterns[@]}"
echo "tidy: ${#files[@]} files are clean"
