#!/bin/bash
# The way of docs/plugin.md under systemd, with the engine's own unit: from install to enforcement, and back.
# SPDX-License-Identifier: Apache-2.0

daemon_json=/etc/docker/daemon.json
door_socket=/run/docker/plugins/execwarden.sock
door_policies=/etc/execwarden/policies.d/docker.yaml
door_settings=/etc/systemd/system/execwarden-authz.service.d/settings.conf
keep_off='refused by the policy "Containers keep off the host"'

opens_the_door() {
  set_door allow
  check "the door's units are accepted whole" verify_units execwarden-authz.socket execwarden-authz.service
  docker run --detach --name kept --entrypoint /bin/sleep "$image" 6000 >/dev/null
  check "the door's socket can be enabled" systemctl enable --now execwarden-authz.socket
  check "it is root's alone" test "$(stat -c '%a %U %G' "$door_socket")" = "600 root root"
  check "the engine does not ask yet" not execwarden plugin status
  check "the engine is told to ask" execwarden plugin enable
  check "it is seen to ask" within 60 execwarden plugin status
  check "what ran goes on" running kept
  check "in monitor mode a privileged container is made" privileged
  check "its alert says what would have been done" within 20 door_told "Create Privileged Container" would-do
  check "and who asked" within 20 door_told "Create Privileged Container" client=root
}

refuses_at_the_door() {
  printf '  images:\n    images: [%s]\n' "$image" >>/etc/execwarden/allowlist.yaml
  check "the policies of the door are enforced after a reload" door_enforces
  check "a privileged container is refused, and who asked reads why" says "$keep_off" privileged
  check "its alert says so" within 20 door_told "Create Privileged Container" '"done"'
  check "a privileged exec is refused" says "$keep_off" docker exec --privileged kept /bin/true
  tar -C / -cf - bin/busybox | docker import - elsewhere/tool >/dev/null
  check "an image that is not on the list is refused" \
    says 'refused by the policy "Images from the allowlist only"' docker create elsewhere/tool /bin/busybox
  check "one on the list runs" timeout 120 docker run --rm "$image" --version
}

# Whoever fails, the engine has an answer.
outlives_its_parts() {
  systemctl kill --signal=KILL execwarden-authz.service
  check "a door that was killed is there at the next question" says "$keep_off" privileged
  check "the daemon stops" timeout 120 systemctl stop execwarden.service
  check "without it the door lets through, as it is set to" privileged
  set_door deny
  check "or refuses, when it is set so" says "denied by plugin execwarden" privileged
  check "but nothing that only reads" docker ps
  check "the daemon starts" timeout 240 systemctl start execwarden.service
  check "and the door asks it" within 60 says "$keep_off" privileged
  set_door allow
  check "the engine restarts" timeout 240 systemctl restart docker.service
  check "and asks" within 60 says "$keep_off" privileged
  docker rm --force kept >/dev/null
  check "the policies of the door monitor again" door_monitors
}

is_there_after_a_reboot() {
  check "after a reboot the engine asks" within 120 execwarden plugin status
  check "the policies of the door are enforced again" door_enforces
  check "what is refused is refused" says "$keep_off" privileged
}

# docs/plugin.md, "And back": the table, line by line.
gives_way() {
  check "it is paused" execwarden pause --for 30m
  check "then nothing is refused" privileged
  check "and goes on" execwarden resume
  check "then it is refused" says "$keep_off" privileged
  takes_the_door_away
  check "the socket brings it back" systemctl start execwarden-authz.socket
  check "and all is as before" within 60 says "$keep_off" privileged
  takes_the_door_away
  systemctl stop execwarden.service
  check "the engine is told to ask no more, without the daemon and its API" execwarden plugin disable
  check "then it answers" within 60 docker ps
  check "and refuses nothing" privileged
}

breaks_the_glass() {
  systemctl start execwarden-authz.socket execwarden.service
  check "the engine is told to ask again" execwarden plugin enable
  check "it asks" within 60 says "$keep_off" privileged
  takes_the_door_away
  systemctl stop execwarden.service
  cp "$daemon_json.before-execwarden" "$daemon_json"
  # shellcheck disable=SC2046
  kill -HUP $(cat /var/run/docker.pid)
  check "break-glass: with daemon.json as it was the engine answers" within 60 docker ps
  check "and refuses nothing" privileged
  systemctl start execwarden.service
}

takes_the_door_away() {
  systemctl stop execwarden-authz.socket execwarden-authz.service
  check "without the door everything is refused" not docker ps
}

works_as_a_managed_plugin() {
  systemctl disable --now execwarden-authz.socket execwarden-authz.service
  check "the managed plugin is made" docker plugin create execwarden "$here/plugin"
  check "and set" docker plugin set execwarden EXECWARDEN_ON_FAILURE=allow EXECWARDEN_DEADLINE_MS=60000
  check "the engine is not told of it before it is enabled" not execwarden plugin enable
  check "it is enabled" timeout 120 docker plugin enable execwarden
  check "the engine is told to ask it" execwarden plugin enable
  check "it is seen to ask" within 60 execwarden plugin status
  check "what is refused is refused" says "$keep_off" privileged
  check "the daemon restarts" timeout 240 systemctl restart execwarden.service
  check "and is asked" within 60 says "$keep_off" privileged
  timeout 240 systemctl stop execwarden.service
  timeout 240 systemctl start execwarden.service
  check "of another daemon it sees nothing, and lets through, as it is set to" privileged
  check "it is disabled" docker plugin disable --force execwarden
  check "and enabled" timeout 120 docker plugin enable execwarden
  check "and the engine told" execwarden plugin enable
  check "then it asks the daemon" within 60 says "$keep_off" privileged
  check "the engine restarts with its plugin" timeout 240 systemctl restart docker.service
  check "and asks" within 60 says "$keep_off" privileged
  check "the engine is told to ask no more" execwarden plugin disable
  check "then the plugin can be disabled" within 60 docker plugin disable execwarden
  check "and removed" docker plugin rm execwarden
  check "and nothing is refused" privileged
  check "the policies of the door monitor again" door_monitors
  systemctl enable --now execwarden-authz.socket
}

# set_door ANSWER: without the daemon. What takes a millisecond elsewhere takes long in an emulated machine.
set_door() {
  mkdir -p "$(dirname "$door_settings")"
  printf '[Service]\nEnvironment=EXECWARDEN_ON_FAILURE=%s EXECWARDEN_DEADLINE_MS=60000\n' "$1" >"$door_settings"
  systemctl daemon-reload
  systemctl try-restart execwarden-authz.service
}

door_enforces() {
  sed -i 's/^    mode: monitor/    mode: enforce/' "$door_policies"
  sed -i 's/^mode: monitor/mode: enforce/' /etc/execwarden/execwarden.yaml
  execwarden reload
}

door_monitors() {
  sed -i 's/^    mode: enforce/    mode: monitor/' "$door_policies"
  sed -i 's/^mode: enforce/mode: monitor/' /etc/execwarden/execwarden.yaml
  execwarden reload
}

# Made, never started, and gone again.
privileged() { timeout 120 docker create --name privileged --privileged "$image" && docker rm privileged; }

running() { [ "$(docker inspect --format '{{.State.Running}}' "$1")" = true ]; }

# door_told RULE TEXT
door_told() {
  [ "$(execwarden events --json --filter "alert.rule = '$1'" | tail -n 1 | grep -cF -- "$2")" = 1 ]
}
