// SPDX-License-Identifier: Apache-2.0
import type { Command } from "./command.ts";
import { allowlistLearn } from "./commands/allowlist-learn.ts";
import { containers } from "./commands/containers.ts";
import { events } from "./commands/events.ts";
import { pluginDisable, pluginEnable, pluginStatus } from "./commands/plugin.ts";
import { policyCheck } from "./commands/policy-check.ts";
import { policyExplain } from "./commands/policy-explain.ts";
import { pause, resume } from "./commands/pause.ts";
import { reload } from "./commands/reload.ts";
import { run } from "./commands/run.ts";
import { schema } from "./commands/schema.ts";
import { status } from "./commands/status.ts";
import { undo } from "./commands/undo.ts";
import { version } from "./commands/version.ts";
import { rulesCommands } from "./rules-commands.ts";

/** Every command, in the order that `--help` shows. */
export const commands: readonly Command[] = [
  run,
  status,
  events,
  containers,
  undo,
  ...rulesCommands,
  reload,
  pause,
  resume,
  policyCheck,
  policyExplain,
  allowlistLearn,
  schema,
  pluginEnable,
  pluginDisable,
  pluginStatus,
  version,
];

/** What commands with a first word in common are about. */
export const groups: Readonly<Record<string, string>> = {
  rules: "check, list, show, explain and test rules; machine interface of the language",
  plugin: "the Docker engine's door: have it ask, or not",
  allowlist: "learn which programs run in containers of an image",
  policy: "check policy files, and explain what they do",
};
