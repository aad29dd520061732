#!/bin/bash
# Builds a bootable Debian machine into a directory: root.ext4, vmlinuz, initrd.img. Needs root, mmdebstrap, e2fsprogs,
# and Debian's package archive and its keys. Keeps what is there already; remove the directory to build anew.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

machine=${1:?usage: build.sh DIRECTORY RELEASE}
release=${2:?usage: build.sh DIRECTORY RELEASE}
here=$(dirname "$(readlink -f "$0")")
packages=(
  systemd-sysv udev dbus kmod initramfs-tools linux-image-cloud-amd64
  docker.io apparmor iptables libstdc++6 # the engine, what it will not start without, and node's library
  curl busybox-static make procps        # what images are made of, and the checks
)
case $release in
  bookworm) ;; # its node is 18: the job brings one
  trixie) packages+=(nodejs docker-cli) ;;
  *) echo "cannot build a machine of $release: bookworm or trixie" >&2; exit 1 ;;
esac
wanted="$release ${packages[*]} $(sha256sum "$here/build.sh" | cut -d' ' -f1)"
[ "$(cat "$machine/built" 2>/dev/null)" = "$wanted" ] && exit 0

mkdir -p "$machine"
root=$(mktemp -d "$machine/root.XXXXXX")
trap 'rm -rf --one-file-system "$root"' EXIT
echo "machine: fetching Debian $release with systemd, its kernel and docker.io (some minutes)"
timeout 900 mmdebstrap --quiet --mode=root --variant=minbase \
  --include="$(IFS=,; echo "${packages[*]}")" "$release" "$root"

# The console is the way out; nothing that waits for a network or a person.
echo machine >"$root/etc/hostname"
echo '/dev/vda / ext4 defaults 0 1' >"$root/etc/fstab"
mkdir -p "$root/etc/systemd/journald.conf.d"
printf '[Journal]\nStorage=volatile\n' >"$root/etc/systemd/journald.conf.d/volatile.conf"
ln -sf /dev/null "$root/etc/systemd/system/systemd-networkd-wait-online.service"
ln -sf /dev/null "$root/etc/systemd/system/apt-daily.timer"
ln -sf /dev/null "$root/etc/systemd/system/apt-daily-upgrade.timer"

# A job comes in on the second disk, as a tar; the machine is switched off when it has ended.
cat >"$root/etc/systemd/system/job.service" <<'UNIT'
[Unit]
Description=The job on the second disk
After=multi-user.target
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
Environment=HOME=/root
ExecStart=/bin/sh -c 'mkdir -p /job && tar -C /job -xf /dev/vdb && exec /job/job.sh'
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
[Install]
WantedBy=graphical.target
UNIT
mkdir -p "$root/etc/systemd/system/graphical.target.wants"
ln -sf ../job.service "$root/etc/systemd/system/graphical.target.wants/job.service"

cp "$root"/boot/vmlinuz-* "$machine/vmlinuz"
cp "$root"/boot/initrd.img-* "$machine/initrd.img"
echo "machine: making its disk"
rm -f "$machine/root.ext4"
mke2fs -q -t ext4 -d "$root" "$machine/root.ext4" 4G
echo "$wanted" >"$machine/built"
