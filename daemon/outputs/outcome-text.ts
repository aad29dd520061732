// SPDX-License-Identifier: Apache-2.0
import type { Action, Outcome } from "../model/alert.ts";
import { printableHead } from "../util/printable-text.ts";
import type { Tone } from "./paint.ts";

/** An outcome in a few words: `DENIED`, `would pause`, `could not kill the container`. */
export interface OutcomeText {
  readonly tone: Tone;
  /** For the headline. */
  readonly words: string;
  /** Why, where there is more to say. */
  readonly detail?: string;
}

const words = {
  deny: { done: "DENIED", base: "deny" },
  pause: { done: "paused", base: "pause" },
  unpause: { done: "unpaused", base: "unpause" },
  stop: { done: "stopped", base: "stop" },
  restart: { done: "restarted", base: "restart" },
  "kill-container": { done: "container killed", base: "kill the container" },
  "kill-process": { done: "process killed", base: "kill the process" },
  "kill-process-tree": { done: "process tree killed", base: "kill the process tree" },
  disconnect: { done: "disconnected", base: "disconnect" },
  hook: { done: "hook ran", base: "run hook" },
  notify: { done: "notified", base: "notify" },
} as const satisfies Record<Action["kind"], { done: string; base: string }>;

/** Puts an outcome into words, printable. */
export function outcomeText({ action, status, detail }: Outcome): OutcomeText {
  const { done, base } = words[action.kind];
  const object = objectOf(action);
  const more = detail === undefined ? {} : { detail: printableHead(detail, 400) };
  switch (status) {
    case "done":
      return { tone: isHarmless(action) ? "faint" : "red", words: done + object, ...more };
    case "would-do":
      return { tone: "yellow", words: `would ${base}${object}`, ...more };
    case "suppressed":
      return { tone: "yellow", words: `did not ${base}${object}`, ...more };
    case "not-possible":
      return { tone: "yellow", words: `cannot ${base}${object}`, ...more };
    case "failed":
      return { tone: "red", words: `FAILED to ${base}${object}`, ...more };
  }
}

/** What the action is about, where its kind alone does not say so. */
function objectOf(action: Action): string {
  if (action.kind === "notify") return ` ${printableHead(action.outputs.join(", "), 200)}`;
  if (action.kind === "hook") return ` ${printableHead(action.program[0] ?? "", 200)}`;
  if (action.kind === "kill-container" && action.signal !== undefined)
    return ` with ${action.signal}`;
  return "";
}

function isHarmless({ kind }: Action): boolean {
  return kind === "notify" || kind === "hook" || kind === "unpause";
}
