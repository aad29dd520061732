// SPDX-License-Identifier: Apache-2.0

/** Fields that are ours alone: a rule that uses them does not load in Falco. */
export function isOwn(name: string): boolean {
  return ownNames.has(name) || ownPrefixes.some((prefix) => name.startsWith(prefix));
}

const ownPrefixes = [
  "host.",
  "image.",
  "docker.",
  "alert.",
  "container.compose.",
  "container.swarm.",
  "container.exec_",
];

const ownNames: ReadonlySet<string> = new Set([
  ...["container.allowlisted", "container.created_ts", "container.network_mode", "container.user"],
  ...["proc.exe_sha256", "proc.exe_from_image", "proc.image_path"],
  ...["proc.script", "proc.interpreter", "proc.applet", "proc.loader", "proc.loader_argument"],
  ...[
    "proc.allowlisted",
    "proc.allowlist_reason",
    "proc.argv_changed",
    "proc.argv_rewritten",
    "proc.judged_cmdline",
  ],
  ...["evt.views", "evt.finding"],
]);
