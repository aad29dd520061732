#!/bin/bash
# Tries the service as on a user's host: installs this checkout into a Debian of its own, boots that in qemu with its own
# kernel (bookworm: 6.1, trixie: 6.12), systemd as PID 1 and cgroup v2, and runs machine/job.sh there. Builds the machine
# first when it is not there yet.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

mkdir -p "${1:?usage: boot.sh DIRECTORY RELEASE}"
machine=$(readlink -f "$1")
release=${2:?usage: boot.sh DIRECTORY RELEASE}
here=$(dirname "$(readlink -f "$0")")
boot_timeout_s=1500
machine_timeout_s=3600
"$here/machine/build.sh" "$machine" "$release"

# The job: what is installed, the node it runs on where Debian has none that is new enough, and the checks.
job=$(mktemp -d "$machine/job.XXXXXX")
qemu=
trap 'rm -rf "$job"; [ -z "$qemu" ] || kill "$qemu" 2>/dev/null || true' EXIT
DESTDIR=$job/root PREFIX=/usr "$here/../../systemd/install.sh"
if [ "$release" = bookworm ]; then
  install -D "$(node -p process.execPath)" "$job/root$(node -p process.execPath)"
else
  sed -i '1s|.*|#!/usr/bin/node|' "$job/root/usr/lib/execwarden/dist/daemon/main.js"
fi
install "$here"/machine/*.sh "$here"/../../systemd/*.sh "$job/"
cp -r "$here/../../build/plugin" "$job/"
tar -C "$job" --owner=0 --group=0 -cf "$machine/job.tar" .

# Emulated unless QEMU_ACCEL=kvm: thirty times slower, but it works inside a virtual machine too. The emulated machine's
# clock counts its own instructions, so that no deadline in it is missed because the host is busy, and waiting takes no
# time.
boot() {
  local accel=(-accel tcg,thread=single -icount "shift=0,sleep=off" -rtc clock=vm)
  [ -z "${QEMU_ACCEL:-}" ] || accel=(-accel "$QEMU_ACCEL")
  rm -f "$machine/console.log"
  timeout --foreground "$machine_timeout_s" qemu-system-x86_64 "${accel[@]}" -cpu max \
    -smp 2 -m 2048 -display none -serial "file:$machine/console.log" \
    -kernel "$machine/vmlinuz" -initrd "$machine/initrd.img" \
    -append 'root=/dev/vda rw console=ttyS0 quiet systemd.show_status=no systemd.mask=serial-getty@ttyS0.service' \
    -drive "file=$machine/root.ext4,format=raw,if=virtio,snapshot=on" \
    -drive "file=$machine/job.tar,format=raw,if=virtio,readonly=on" &
  qemu=$!
}

# systemd since 257 resets the terminal on the same line.
is_up() { grep -q 'TAP version' "$machine/console.log" 2>/dev/null; }

# The emulated kernel hangs early now and then, above all on a busy host: such a boot is tried again.
for try in 1 2 3; do
  echo "machine: booting, try $try (its console is in $machine/console.log)"
  boot
  began=$SECONDS
  until is_up || ! kill -0 "$qemu" || [ $((SECONDS - began)) -gt "$boot_timeout_s" ]; do sleep 1; done
  ! is_up || break
  kill "$qemu" || true
  wait "$qemu" || true
done
wait "$qemu" || echo "machine: qemu ended with $? (124: its time was over)"
qemu=

tr -d '\r' <"$machine/console.log" | sed 's/.*TAP version/TAP version/' | sed -n '/^TAP version/,$p' | tee "$machine/job.tap"
passed=$(grep -c '^ok ' "$machine/job.tap" || true)
failed=$(grep -c '^not ok ' "$machine/job.tap" || true)
# The plan comes last: without it the job did not end.
grep -qx "1\.\.$((passed + failed))" "$machine/job.tap" || failed=$((failed + 1))
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
