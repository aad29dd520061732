#!/bin/bash
# Words for job.sh: checks that speak TAP, and questions to the service.
# SPDX-License-Identifier: Apache-2.0

checks=0

comment() { sed 's/^/# /'; }
note() { echo "$*" | comment; }

# check SENTENCE COMMAND …: the command's output is told when it fails.
check() {
  local sentence=$1 said
  shift
  checks=$((checks + 1))
  if said=$("$@" 2>&1); then
    echo "ok $checks - $sentence"
  else
    echo "not ok $checks - $sentence"
    tail -n 20 <<<"$said" | comment
    journalctl --unit execwarden --no-pager --lines 8 --output cat | cut -c1-400 | comment
  fi
}

# within SECONDS COMMAND …: tries until it holds.
within() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || return 1
    sleep 0.5
  done
}

not() { ! "$@"; }

# says TEXT COMMAND …: whatever comes of it.
says() {
  local text=$1 said
  shift
  said=$("$@" 2>&1)
  grep -qF -- "$text" <<<"$said" || {
    echo "$said"
    return 1
  }
}

# verify_units NAME …: systemd has nothing to say against them.
verify_units() {
  local said
  said=$(systemd-analyze verify "${@/#//usr/lib/systemd/system/}" 2>&1) && [ -z "$said" ] || {
    echo "$said"
    return 1
  }
}

property() { systemctl show --property="$1" --value execwarden.service; }

# is_back PID: active, under another process id. Both are asked for at once: between two questions it may end.
is_back() {
  local now
  now=$(systemctl show --property=ActiveState,MainPID execwarden.service)
  grep -qx 'ActiveState=active' <<<"$now" && ! grep -qxE "MainPID=(0|$1)" <<<"$now"
}

# ask EXPRESSION: true when it holds for `status`, which is what the daemon tells of itself.
ask() {
  execwarden status --json | node -e '
    const status = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
    if (!new Function("status", `return ${process.argv[1]}`)(status)) {
      console.log(JSON.stringify(status));
      process.exit(1);
    }' "$1"
}

is_connected() { ask "status.engine.isConnected"; }

# alerts_since SECONDS: one JSON line each.
alerts_since() {
  journalctl --unit execwarden --since "@$1" --output cat --no-pager | grep '^{.*"Run Web Fetch Program in Container"'
}

# alert_since SECONDS TEXT
alert_since() { [ "$(alerts_since "$1" | grep -cF -- "$2")" -gt 0 ]; }
