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

property() { systemctl show --property="$1" --value execwarden.service; }

# is_back PID: active, under another process id.
is_back() { [ "$(property ActiveState)" = active ] && [ "$(property MainPID)" != "$1" ]; }

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
