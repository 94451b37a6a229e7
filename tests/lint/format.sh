#!/bin/bash
# All code is as clang-format 19 writes it. format.sh [ROOT] names the files that are not; with --fix it rewrites them.
set -euo pipefail
tool=${CLANG_FORMAT:-clang-format-19}
fix=
if [ "${1:-}" = --fix ]; then
  fix=yes
  shift
fi
cd "${1:-$(dirname "$0")/../..}"
command -v "$tool" >/dev/null || { echo "format: $tool is missing: packaging/install-packages.sh lint" >&2; exit 1; }
folders=()
for folder in src include tests; do [ ! -d $folder ] || folders+=("$folder"); done
mapfile -t files < <(find "${folders[@]}" \( -name '*.h' -o -name '*.cc' \) | sort)
if [ -n "$fix" ]; then
  "$tool" -i "${files[@]}"
  exit
fi
problems=0
for file in "${files[@]}"; do
  "$tool" --dry-run -Werror "$file" 2>/dev/null && continue
  echo "$file: not as $tool writes it"
  problems=$((problems + 1))
done
echo "format: $problems of ${#files[@]} files (tests/lint/format.sh --fix mends them)"
[ $problems = 0 ]
