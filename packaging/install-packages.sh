#!/bin/bash
# Installs the packages of the named sections of packages.txt that are not there yet, and nothing when all are.
# install-packages.sh SECTION...   As root, or with sudo.
#
# Servers that come as packages are for the tests, which start them with configurations and ports of their own:
# while this installs, a policy keeps their packages from starting them as services.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
policy=/usr/sbin/policy-rc.d

say() { printf 'packages: %s\n' "$*"; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else say "cannot install without root: run this as root, install sudo, or run: $*" >&2; return 1
  fi
}

wanted() {
  awk -v sections="$*" '
    BEGIN { count = split(sections, list, " "); for (i = 1; i <= count; i++) want["[" list[i] "]"] = 1 }
    /^\[/ { inside = ($1 in want); next }
    inside && NF && $1 !~ /^#/ { print $1 }' "$here/packages.txt" | sort -u
}

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

missing() {
  local package
  for package in $(wanted "$@"); do is_installed "$package" || printf '%s\n' "$package"; done
}

[ $# -gt 0 ] || { say "name a section of packages.txt" >&2; exit 2; }
for section in "$@"; do
  grep -qx "\[$section\]" "$here/packages.txt" || { say "packages.txt has no section [$section]" >&2; exit 2; }
done
if ! command -v apt-get >/dev/null; then
  say "no apt-get here. This needs what Debian 12 calls: $(wanted "$@" | tr '\n' ' ')" >&2
  exit 1
fi

mapfile -t packages < <(missing "$@")
if [ ${#packages[@]} = 0 ]; then
  say "[$*] is installed"
  exit 0
fi
say "installing for [$*]: ${packages[*]}"

if [ ! -e $policy ]; then
  trap 'as_root rm -f $policy' EXIT
  printf '#!/bin/sh\nexit 101\n' | as_root tee $policy >/dev/null
  as_root chmod 755 $policy
fi
quiet=(-qq -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
install=(env DEBIAN_FRONTEND=noninteractive apt-get "${quiet[@]}" install -y --no-install-recommends)
as_root apt-get "${quiet[@]}" update
log=$(mktemp)
if ! as_root "${install[@]}" "${packages[@]}" >"$log" 2>&1; then
  cat "$log" >&2
  say "apt-get failed, see above" >&2
  exit 1
fi
rm -f "$log"
say "done"
