#!/bin/bash
# Runs inside the machine, as root, once it is up, and again after the reboot that it asks for. Tells on the console
# what holds, as TAP.
# SPDX-License-Identifier: Apache-2.0
set -uo pipefail

here=$(dirname "$(readlink -f "$0")")
. "$here/tap.sh"
. "$here/door.sh"
image=byrnedo/alpine-curl
policy=/etc/execwarden/policies.d/web-fetch.yaml
# How many checks the first boot made; there once it is over.
first_boot=/var/lib/job-first-boot

main() {
  if [ ! -e "$first_boot" ]; then
    echo "TAP version 14"
    prepare
    installed
    starts
    sees_a_curl
    comes_back
    keeps_its_watchdog_fed
    is_replaced_when_it_hangs
    keeps_the_gate_over_a_crash
    opens_the_door
    refuses_at_the_door
    outlives_its_parts
    reboots
  fi
  checks=$(cat "$first_boot")
  guards_from_the_first_exec
  is_there_after_a_reboot
  gives_way
  breaks_the_glass
  works_as_a_managed_plugin
  refuses_a_curl
  stops_clean
  uninstalled
  echo "1..$checks"
}

prepare() {
  note "$(uname -r), systemd $(systemctl --version | sed -n '1s/systemd \([0-9]*\).*/\1/p'), $(docker --version)"
  note "cgroups: $(stat -fc %T /sys/fs/cgroup), $(docker info --format '{{.CgroupDriver}} v{{.CgroupVersion}}')"
  tar -C / -xf - < <(tar -C "$here/root" -cf - .)
  local root=/var/tmp/image
  mkdir -p "$root/bin"
  cp /bin/busybox "$root/bin/"
  for applet in sh sleep true; do ln -s busybox "$root/bin/$applet"; done
  for file in /usr/bin/curl $(ldd /usr/bin/curl | grep -o '/[^ ]*'); do
    install -D "$file" "$root$file"
  done
  tar -C "$root" -cf - . | docker import --change 'ENTRYPOINT ["/usr/bin/curl"]' - "$image" >/dev/null
  rm -r "$root"
}

installed() {
  lengthen_deadline
  systemd-sysusers /usr/lib/sysusers.d/execwarden.conf
  systemctl daemon-reload
  check "the group is there" getent group execwarden
  check "the installed unit is accepted whole" verify_units execwarden.service
  check "it can be enabled" systemctl enable execwarden.service
  note "$(systemd-analyze security --no-pager execwarden.service | tail -1)"
}

# Decisions are emulated too: what takes a millisecond elsewhere may take more than the usual deadline here, and the start
# a minute.
lengthen_deadline() {
  printf '%s\n' 'gate: { deadline: 10s }' 'plugin: { deadline: 30s }' >/etc/execwarden/conf.d/emulated.yaml
  mkdir -p /etc/systemd/system/execwarden.service.d
  printf '[Service]\nTimeoutStartSec=300s\n' >/etc/systemd/system/execwarden.service.d/emulated.conf
}

starts() {
  check "it starts" timeout 120 systemctl start execwarden.service
  systemctl status --no-pager execwarden.service | head -12 | comment
  check "its status line says what it does" grep -q "guarding 0 containers in monitor mode" <(property StatusText)
  check "its socket is for root and the group" \
    test "$(stat -c '%a %U %G' /run/execwarden/execwarden.sock)" = "660 root execwarden"
  check "execwarden status answers" execwarden status
}

sees_a_curl() {
  local mark
  mark=$(date +%s)
  check "curl runs in a container" timeout 120 docker run --rm --name seen "$image" --version
  check "the journal has the alert, with image and name" within 20 alert_since "$mark" '"container.name":"seen"'
  alerts_since "$mark" | cut -c1-400 | comment
  check "another user's curl runs" timeout 120 docker run --rm --name other --user 1000:1000 "$image" --version
  check "and its arguments could be read" within 20 alert_since "$mark" 'command=curl --version image='"$image"' container=other'
  check "nothing was held beyond the deadline, and nothing lost" \
    ask "(({ deadlinesMissed, lost, readErrors, alertsLost }) =>
      deadlinesMissed + lost + readErrors + alertsLost === 0)(status.gate.counters)"
}

comes_back() {
  local before mark
  before=$(property MainPID)
  local began=$SECONDS
  kill -KILL "$before"
  check "after SIGKILL it is active again" within 120 is_back "$before"
  note "after $((SECONDS - began)) s"
  mark=$(date +%s)
  check "a container runs" timeout 120 docker run --rm --name again "$image" --version
  check "and is seen by the new daemon" within 20 alert_since "$mark" '"container.name":"again"'
}

keeps_its_watchdog_fed() {
  local restarts
  restarts=$(property NRestarts)
  sleep 45
  check "45 s later (watchdog: 30 s) it is the same daemon" \
    test "$(property NRestarts) $(property ActiveState)" = "$restarts active"
}

is_replaced_when_it_hangs() {
  local before began=$SECONDS
  before=$(property MainPID)
  kill -STOP "$before"
  check "a daemon that hangs is replaced" within 180 is_back "$before"
  note "replaced after $((SECONDS - began)) s"
  check "the journal says that it was the watchdog" \
    grep -q 'Watchdog timeout' <(journalctl --unit execwarden --no-pager)
}

# Curls one after the other in a container that runs, while the daemon is killed: none may run before the next one is there.
keeps_the_gate_over_a_crash() {
  echo 'gate: { keep_over_restart: true, on_deadline: deny }' >/etc/execwarden/conf.d/keep.yaml
  enforces yes
  check "it restarts with a gate that is kept" timeout 240 systemctl restart execwarden.service
  check "systemd has it" within 20 stored 1
  docker run --detach --name loop --entrypoint /bin/sh "$image" -c \
    'while :; do /usr/bin/curl --version >/dev/null 2>&1 && echo ran || echo refused; done' >/dev/null
  check "curls are refused" within 60 loop_has refused
  # The third end within half a minute gives the gate up.
  sleep 31
  local before
  before=$(property MainPID)
  kill -KILL "$before"
  check "after SIGKILL it is active again" within 240 is_back "$before"
  check "the next daemon took the gate over" within 20 journal_has 'took over the gate of the daemon before'
  sleep 10
  note "$(docker logs loop | sort | uniq -c | tr '\n' ' ')"
  check "no curl ran meanwhile" test "$(docker logs loop | grep -c '^ran$')" = 0
  check "it stops" timeout 60 systemctl stop execwarden.service
  check "then nothing waits and nothing is refused" within 60 loop_has ran
  check "systemd has let it go" within 20 stored 0
  docker rm --force loop >/dev/null
  rm /etc/execwarden/conf.d/keep.yaml
  enforces no
  check "it starts again" timeout 240 systemctl start execwarden.service
}

enforces() {
  local from=monitor to=enforce
  [ "$1" = yes ] || { from=enforce; to=monitor; }
  sed -i "s/^mode: $from/mode: $to/" /etc/execwarden/execwarden.yaml
  sed -i "s/^    mode: $from/    mode: $to/" "$policy"
}

stored() { [ "$(property NFileDescriptorStore)" = "$1" ]; }

# All of it is read: who writes into a pipe that is closed at the first find has failed.
loop_has() { [ "$(docker logs loop 2>&1 | grep -cx "$1")" -gt 0 ]; }

journal_has() { [ "$(journalctl --unit execwarden --output cat | grep -c "$1")" -gt 0 ]; }

reboots() {
  check "a container has a restart policy" timeout 120 docker run --detach --restart always --name restarted "$image" --version
  echo "$checks" >"$first_boot"
  sync
  systemctl reboot --force
  sleep infinity
}

guards_from_the_first_exec() {
  check "after a reboot it is active" within 120 systemctl is-active execwarden.service
  check "the engine is there too" within 180 docker version
  check "it was ready before the engine was started" is_before execwarden.service docker.service
  note "execwarden took $(started_in_ms execwarden.service) ms to start, the engine $(started_in_ms docker.service) ms"
  check "it is connected to the engine" within 60 is_connected
  note "$(property StatusText)"
  check "the container was started again" within 120 alert_since 0 '"container.name":"restarted"'
  timeout 60 docker stop restarted >/dev/null
  local starts
  # Not RestartCount, which counts a restart that is waiting for its turn too.
  starts=$(docker events --since 1h --until 0s --filter container=restarted --filter event=start | wc -l)
  check "each of its $starts starts has its alert, the first one too" within 20 test_alerts 0 "$starts"
  # The engine starts containers before it answers, so these can be from before it could be asked.
  note "alerts without the container's name: $(alerts_since 0 | grep -vc '"container.name":"restarted"')"
  docker rm --force restarted >/dev/null
}

is_before() {
  local first second
  first=$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$1")
  second=$(systemctl show --property=ExecMainStartTimestampMonotonic --value "$2")
  [ "$first" -gt 0 ] && [ "$first" -lt "$second" ] || {
    echo "$1 was ready at $first, $2 was started at $second"
    return 1
  }
}

started_in_ms() {
  local from to
  from=$(systemctl show --property=InactiveExitTimestampMonotonic --value "$1")
  to=$(systemctl show --property=ActiveEnterTimestampMonotonic --value "$1")
  echo $(((to - from) / 1000))
}

refuses_a_curl() {
  enforces yes
  check "it restarts in enforce mode" timeout 120 systemctl restart execwarden.service
  check "it is connected to the engine" within 60 is_connected
  local runs=0 refused=0 deadline=$((SECONDS + 30)) mark said
  mark=$(date +%s)
  while [ "$SECONDS" -lt "$deadline" ]; do
    runs=$((runs + 1))
    said=$(timeout 120 docker run --rm --name "refused$runs" "$image" --version 2>&1) && continue
    case $said in *"operation not permitted"*) refused=$((refused + 1)) ;; esac
  done
  note "$runs runs in 30 s, $refused refused; the last said: $(tail -n 1 <<<"$said")"
  check "every curl of 30 s of docker run is refused with 'operation not permitted'" \
    test "$runs" -gt 0 -a "$refused" = "$runs"
  check "each has its alert" within 20 test_alerts "$mark" "$runs"
  check "another program is not refused" \
    timeout 120 docker run --rm --entrypoint /bin/true "$image"
  check "an exec of the host is not refused" curl --version
}

test_alerts() {
  local alerts
  alerts=$(alerts_since "$1" | wc -l)
  [ "$alerts" = "$2" ] || {
    echo "$alerts alerts instead of $2"
    alerts_since "$1" | grep -o '"output":"[0-9:.]*' || true
    return 1
  }
}

stops_clean() {
  docker run --detach --name left --entrypoint /bin/sleep "$image" 600 >/dev/null
  local began=$SECONDS
  check "it stops" timeout 60 systemctl stop execwarden.service
  note "after $((SECONDS - began)) s"
  check "without a fault" test "$(property Result) $(property ExecMainStatus)" = "success 0"
  check "its socket is gone" test ! -e /run/execwarden
  check "then nobody refuses anything" timeout 60 docker exec left /usr/bin/curl --version
  docker rm --force left >/dev/null
  note "faults in its log: $(journalctl --unit execwarden --output cat | grep -c ' \(warn\|error\)')"
  journalctl --unit execwarden --output cat | grep -v '^{' | sort | uniq -c | sort -rn | head -20 | cut -c1-220 | comment
}

uninstalled() {
  systemctl start execwarden.service
  check "the engine is told to ask once more" execwarden plugin enable
  check "uninstall.sh removes it" "$here/uninstall.sh"
  check "the engine asks no more, and answers" within 60 docker ps
  check "no unit is left" test ! -e /usr/lib/systemd/system/execwarden.service
  check "the configuration is left" test -e /etc/execwarden/execwarden.yaml
}

main
