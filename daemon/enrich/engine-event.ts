// SPDX-License-Identifier: Apache-2.0
import { memberOf, textMember } from "../util/unknown-value.ts";
import { fitText, readContainerId } from "./engine-text.ts";
import { secondsToNs } from "./engine-time.ts";

/** One event of a container's life, as `GET /events` tells it. */
export interface EngineEvent {
  /** 64 hex characters. */
  readonly id: string;
  /** `create`, `start`, `die`, …; `exec_create: COMMAND` and the like are cut at the colon. */
  readonly action: string;
  /** Nanoseconds since the epoch, to within the half microsecond that JSON's numbers leave of them. */
  readonly timeNs: bigint;
  /** The container's labels, and `name` and `image`, which the engine sets after them. */
  readonly attributes: unknown;
}

const actionLengthMax = 64;

/** Decodes one line of the engine's events; undefined when it is not about a container. */
export function readEngineEvent(value: unknown): EngineEvent | undefined {
  if (memberOf(value, "Type") !== "container") return undefined;
  const actor = memberOf(value, "Actor");
  const id = readContainerId(memberOf(actor, "ID"));
  const said = textMember(value, "Action");
  const timeNs = readTime(value);
  if (id === undefined || said === undefined || timeNs === undefined) return undefined;
  const colon = said.indexOf(":");
  const action = fitText(colon < 0 ? said : said.slice(0, colon), actionLengthMax) ?? "";
  return { id, action, timeNs, attributes: memberOf(actor, "Attributes") };
}

function readTime(value: unknown): bigint | undefined {
  const timeNano = memberOf(value, "timeNano");
  if (typeof timeNano !== "number" || !Number.isInteger(timeNano) || timeNano <= 0) {
    return secondsToNs(memberOf(value, "time"));
  }
  return BigInt(timeNano);
}
