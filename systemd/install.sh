#!/bin/bash
# Installs a built checkout as a service, for `make install`. PREFIX and DESTDIR come from the environment. Files that
# an operator may have changed are never overwritten: what is shipped lands beside them as *.new.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

PREFIX=${PREFIX:-/usr}
DESTDIR=${DESTDIR:-}
cd "$(dirname "$0")/.."

library=$DESTDIR$PREFIX/lib/execwarden
share=$DESTDIR$PREFIX/share/execwarden
documents=$DESTDIR$PREFIX/share/doc/execwarden
etc=$DESTDIR/etc/execwarden
staging=

main() {
  if [ -z "$DESTDIR" ] && [ "$(id -u)" != 0 ]; then
    echo "cannot install below $PREFIX: not root; run: sudo make install" >&2
    exit 1
  fi
  for built in dist/daemon/main.js daemon/kernel/addon/build/Release/execwarden{.node,-hooks,-authz}; do
    [ -e "$built" ] || { echo "cannot install: $built is not there; run: make build" >&2; exit 1; }
  done
  staging=$(mktemp -d)
  trap 'rm -rf "$staging"' EXIT
  install_program
  install_configuration
  install_service
  [ -n "$DESTDIR" ] || tell_systemd
}

# The old tree goes in one move: a file that is no longer shipped must not stay.
install_program() {
  rm -rf "$library.new" "$library.old"
  install -d "$library.new/dist" "$library.new/node_modules" "$DESTDIR$PREFIX/bin"
  cp -r dist/daemon dist/plugin "$library.new/dist/"
  install -m 0644 package.json "$library.new/"
  install -m 0755 daemon/kernel/addon/build/Release/execwarden{.node,-hooks,-authz} "$library.new/dist/daemon/kernel/"
  runtime_packages | while read -r package; do
    install -d "$library.new/$(dirname "$package")"
    cp -r "$package" "$library.new/$package"
  done
  # Prebuilt for systems that have no fanotify.
  rm -rf "$library.new"/node_modules/*/prebuilds/{darwin,win32}-*
  # The service manager's PATH need not lead to the node that this was built with.
  sed -i "1s|.*|#!$(node -p process.execPath)|" "$library.new/dist/daemon/main.js"
  install -m 0755 systemd/after-end.sh "$library.new/"
  chmod 0755 "$library.new/dist/daemon/main.js"
  chmod -R u=rwX,go=rX "$library.new"
  [ ! -e "$library" ] || mv "$library" "$library.old"
  mv "$library.new" "$library"
  rm -rf "$library.old"
  ln -sfn "$PREFIX/lib/execwarden/dist/daemon/main.js" "$DESTDIR$PREFIX/bin/execwarden"
  install -d "$share/rules" "$documents"
  install -m 0644 rules/web-fetch.yaml rules/web-fetchers.yaml rules/docker-events.yaml rules/docker.yaml rules/second-view.yaml rules/programs.yaml "$share/rules/"
  install -m 0644 LICENSE docs/*.md "$documents/"
}

# Top-level folders below node_modules that the program needs at run time; what is nested in them comes along.
runtime_packages() {
  node -e '
    const { packages } = JSON.parse(require("node:fs").readFileSync("package-lock.json", "utf8"));
    for (const [place, { dev, devOptional }] of Object.entries(packages)) {
      if (place === "" || place.lastIndexOf("node_modules/") > 0 || dev || devOptional) continue;
      if (require("node:fs").existsSync(place)) console.log(place);
    }'
}

install_configuration() {
  local is_new_host=yes
  [ ! -e "$etc" ] || is_new_host=no
  install -d -m 0755 "$etc" "$etc/rules.d" "$etc/conf.d" "$etc/policies.d"
  sed "s|/usr/share/execwarden|$PREFIX/share/execwarden|" rules/execwarden.yaml >"$staging/execwarden.yaml"
  # Headers of webhooks are secrets.
  keep 0640 "$staging/execwarden.yaml" "$etc/execwarden.yaml"
  keep 0644 rules/allowlist.yaml "$etc/allowlist.yaml"
  for policy in rules/policies.d/*.yaml; do
    # A policy that was removed stays removed.
    if [ "$is_new_host" = yes ] || [ -e "$etc/policies.d/$(basename "$policy")" ]; then
      keep 0644 "$policy" "$etc/policies.d/$(basename "$policy")"
    fi
  done
}

# keep MODE SHIPPED PLACE
keep() {
  if [ ! -e "$3" ]; then
    install -m "$1" "$2" "$3"
  elif cmp -s "$2" "$3"; then
    rm -f "$3.new"
  else
    install -m "$1" "$2" "$3.new"
    echo "install: kept ${3#"$DESTDIR"} as you have it; what is shipped now is beside it: ${3#"$DESTDIR"}.new"
  fi
}

install_service() {
  install -d "$DESTDIR$PREFIX/lib/systemd/system" "$DESTDIR$PREFIX/lib/sysusers.d"
  sed "s|/usr/bin/execwarden|$PREFIX/bin/execwarden|; s|/usr/share/doc|$PREFIX/share/doc|
    s|/usr/lib/execwarden|$PREFIX/lib/execwarden|" \
    systemd/execwarden.service >"$staging/execwarden.service"
  install -m 0644 "$staging/execwarden.service" "$DESTDIR$PREFIX/lib/systemd/system/execwarden.service"
  install -m 0644 systemd/execwarden-authz.socket "$DESTDIR$PREFIX/lib/systemd/system/"
  sed "s|/usr/lib/execwarden|$PREFIX/lib/execwarden|; s|/usr/share/doc|$PREFIX/share/doc|" \
    systemd/execwarden-authz.service >"$staging/execwarden-authz.service"
  install -m 0644 "$staging/execwarden-authz.service" "$DESTDIR$PREFIX/lib/systemd/system/"
  install -m 0644 systemd/execwarden.sysusers "$DESTDIR$PREFIX/lib/sysusers.d/execwarden.conf"
}

tell_systemd() {
  if command -v systemd-sysusers >/dev/null; then
    systemd-sysusers "$PREFIX/lib/sysusers.d/execwarden.conf"
  else
    getent group execwarden >/dev/null || groupadd --system execwarden
  fi
  # sd_booted(3)
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl try-restart execwarden.service
  fi
  echo "install: done. Start now and at every boot:  systemctl enable --now execwarden"
  echo "         Alerts:  journalctl --unit execwarden --follow    Settings:  /etc/execwarden"
}

main
