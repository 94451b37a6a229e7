#!/bin/bash
# The one line before a push: every lint, clang-tidy over all sources included (6 minutes on two cores).
set -uo pipefail
cd "$(dirname "$0")"
failed=
for lint in ./selftest.py ./includes.py ./coroutines.py ./length.py ./quotes.py ./man.py ./format.sh; do
  "$lint" || failed="$failed $lint"
done
./tidy.sh --all || failed="$failed ./tidy.sh"
[ -z "$failed" ] || { echo "failed:$failed"; exit 1; }
