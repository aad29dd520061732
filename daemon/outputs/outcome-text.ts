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
  stop: { done: "stopped", base: "stop" },
  "kill-container": { done: "container killed", base: "kill the container" },
  "kill-process": { done: "process killed", base: "kill the process" },
  notify: { done: "notified", base: "notify" },
} as const satisfies Record<Action["kind"], { done: string; base: string }>;

/** Puts an outcome into words, printable. */
export function outcomeText({ action, status, detail }: Outcome): OutcomeText {
  const { done, base } = words[action.kind];
  const object =
    action.kind === "notify" ? ` ${printableHead(action.outputs.join(", "), 200)}` : "";
  const more = detail === undefined ? {} : { detail: printableHead(detail, 400) };
  switch (status) {
    case "done":
      return { tone: action.kind === "notify" ? "faint" : "red", words: done + object, ...more };
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
