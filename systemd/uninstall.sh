#!/bin/bash
# Removes what install.sh put there, for `make uninstall`. Configuration and state stay, unless PURGE=1.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

PREFIX=${PREFIX:-/usr}
DESTDIR=${DESTDIR:-}
PURGE=${PURGE:-}

if [ -z "$DESTDIR" ] && [ "$(id -u)" != 0 ]; then
  echo "cannot uninstall below $PREFIX: not root; run: sudo make uninstall" >&2
  exit 1
fi

unit=$PREFIX/lib/systemd/system/execwarden.service
if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ] && [ -e "$unit" ]; then
  systemctl disable --now execwarden.service
  # An engine that is told to ask a plugin that is gone refuses everything.
  "$PREFIX/bin/execwarden" plugin disable || true
  systemctl disable --now execwarden-authz.socket execwarden-authz.service || true
fi
rm -f "$DESTDIR$PREFIX"/lib/systemd/system/execwarden-authz.{socket,service}
rm -f "$DESTDIR$unit" "$DESTDIR$PREFIX/lib/sysusers.d/execwarden.conf" "$DESTDIR$PREFIX/bin/execwarden"
rm -f "$DESTDIR$PREFIX/share/execwarden/rules/web-fetch.yaml"
rm -f "$DESTDIR$PREFIX/share/execwarden/rules/web-fetchers.yaml"
rm -f "$DESTDIR$PREFIX/share/execwarden/rules/docker-events.yaml"
rm -f "$DESTDIR$PREFIX/share/execwarden/rules/programs.yaml"
rm -f "$DESTDIR$PREFIX/share/execwarden/rules/second-view.yaml" "$DESTDIR$PREFIX/share/execwarden/rules/docker.yaml"
for folder in "$DESTDIR$PREFIX/share/execwarden/rules" "$DESTDIR$PREFIX/share/execwarden"; do
  [ ! -d "$folder" ] || rmdir --ignore-fail-on-non-empty "$folder"
done
rm -rf "$DESTDIR$PREFIX/lib/execwarden" "$DESTDIR$PREFIX/share/doc/execwarden"
if [ -z "$DESTDIR" ] && [ -d /run/systemd/system ]; then systemctl daemon-reload; fi

kept=(/etc/execwarden /var/lib/execwarden /var/log/execwarden)
if [ "$PURGE" = 1 ]; then
  for folder in "${kept[@]}"; do rm -rf "$DESTDIR$folder"; done
  if [ -z "$DESTDIR" ] && getent group execwarden >/dev/null; then groupdel execwarden; fi
  echo "uninstall: done; configuration, state and group are gone too"
else
  echo "uninstall: done; kept ${kept[*]} and the group (PURGE=1 removes them)"
fi
