#!/bin/bash
# Unpacks the Docker engine of another Debian release below build/engines/SUITE/bin, installs nothing and leaves the
# machine's own package sources alone: `test/engine.sh trixie` (26.1.5), `test/engine.sh sid` (28.5.2 in November 2026).
# Then: EXECWARDEN_TEST_ENGINE=build/engines/sid/bin test/run.sh FILES. MIRROR is another place to fetch from.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

suite=${1:?usage: test/engine.sh SUITE}
cd "$(dirname "$0")/.."
home=$PWD/build/engines/$suite
programs=(usr/sbin/dockerd usr/bin/docker usr/bin/containerd usr/bin/containerd-shim-runc-v2 usr/sbin/runc)
packages=(docker.io docker-cli docker-buildx containerd runc)
# Of these, what the release's own runc is linked to, where this machine's is too old.
libraries=(libc6 libseccomp2 libgcc-s1)

[ ! -e "$home/unpacked" ] || exit 0
echo "engine: unpacking Debian $suite's"
rm -rf "$home"
mkdir -p "$home"/{apt/lists/partial,apt/cache/archives/partial,packages,root,bin}
cat >"$home/apt/engine.sources" <<END
Types: deb
URIs: ${MIRROR:-http://deb.debian.org/debian}
Suites: $suite
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
END
: >"$home/apt/status"
apt=(
  apt-get -qq -o "Dir::Etc::sourcelist=$home/apt/engine.sources" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State::lists=$home/apt/lists" -o "Dir::State::status=$home/apt/status" -o "Dir::Cache=$home/apt/cache"
  -o APT::Sandbox::User=root
)
"${apt[@]}" update
(cd "$home/packages" && "${apt[@]}" download "${packages[@]}" "${libraries[@]}")
for package in "$home"/packages/*.deb; do dpkg -x "$package" "$home/root"; done

for program in "${programs[@]}"; do cp "$home/root/$program" "$home/bin/"; done
cp "$(find "$home/root" -path '*cli-plugins/docker-buildx' -type f)" "$home/bin/"
loader=$(find "$home/root" -name 'ld-linux*.so.*' -path '*/lib*' | head -n 1)
for program in "$home"/bin/*; do
  # What runs with this machine's libraries is left as it is.
  if ldd "$program" 2>&1 | grep -q 'not found'; then
    patchelf --set-interpreter "$loader" --set-rpath "$(dirname "$(find "$home/root" -name libc.so.6)")" "$program"
  fi
done
"$home/bin/dockerd" --version
touch "$home/unpacked"
