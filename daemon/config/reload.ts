// SPDX-License-Identifier: Apache-2.0
import type { Config } from "./config.ts";

/** What another configuration changes, in the words of the file, sorted. */
export interface ConfigChanges {
  /** Hold as soon as they are reloaded. */
  readonly live: readonly string[];
  /** Hold after a restart only. */
  readonly needsRestart: readonly string[];
}

/** Settings that a reload exchanges; all others take a restart. A name stands for all that begin with it and a dot. */
const liveSettings: readonly string[] = [
  "rules_files",
  "rules",
  "priority",
  "rule_matching",
  "append_output",
  "policies_files",
  "allowlist_file",
  "mode",
  "gate.deadline",
  "gate.on_deadline",
  "gate.budget",
  "plugin.deadline",
  "plugin.on_failure",
  "outputs",
  "watch",
];

/** Compares two configurations, setting by setting. */
export function compareConfigs(before: Config, after: Config): ConfigChanges {
  const old = settingsOf(before);
  const next = settingsOf(after);
  const changed = [...new Set([...old.keys(), ...next.keys()])]
    .filter((name) => canonical(old.get(name)) !== canonical(next.get(name)))
    .sort();
  return {
    live: changed.filter(isLive),
    needsRestart: changed.filter((name) => !isLive(name)),
  };
}

/** The new configuration as far as it can hold now: what takes a restart stays as it was. */
export function reloadable(before: Config, after: Config): Config {
  const { rulesFiles, policiesFiles, allowlistFile, mode, outputs } = after;
  const gate = { ...after.gate, keepOverRestart: before.gate.keepOverRestart };
  const plugin = { ...after.plugin, socket: before.plugin.socket };
  const { rules, priority, ruleMatching, appendOutput, watch } = after;
  return {
    ...before,
    plugin,
    ...{ rulesFiles, policiesFiles, allowlistFile, mode, gate, outputs },
    ...{ rules, priority, ruleMatching, appendOutput, watch },
  };
}

function isLive(name: string): boolean {
  return liveSettings.some((live) => name === live || name.startsWith(`${live}.`));
}

/** Every setting by its name in the file: `rules_files`, `gate.deadline`. */
function settingsOf(config: Config): ReadonlyMap<string, unknown> {
  const settings = new Map<string, unknown>();
  for (const [key, value] of Object.entries<unknown>({ ...config })) {
    if (!isMap(value)) settings.set(fileName(key), value);
    else {
      for (const [part, inner] of Object.entries(value)) {
        settings.set(`${fileName(key)}.${fileName(part)}`, inner);
      }
    }
  }
  return settings;
}

/** `deadlineMs` is `deadline` in the file, `onDeadline` is `on_deadline`. */
function fileName(key: string): string {
  return key.replace(/Ms$/, "").replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}

/** With keys in one order: where they stand in the file is no change. */
function canonical(value: unknown): string | undefined {
  return JSON.stringify(value, (_key, part: unknown) =>
    isMap(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
