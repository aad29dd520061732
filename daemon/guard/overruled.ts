// SPDX-License-Identifier: Apache-2.0
import type { Answered } from "../drafting.ts";
import type { Verdict } from "../model/alert.ts";

/** The engine had not told of the container when the exec had to be answered. */
export const unknownText =
  "the engine had not told of the container in time; gate.on_deadline was answered";
/** It hangs on the bytes of the program whether it is allowed, and they were not known when it had to be answered. */
export const unlistedText =
  "whether a list has the program's bytes was not known in time; gate.on_deadline was answered";
/** There was no room to let it wait. */
export const crowdedText =
  "too many execs were waiting (bound the container's processes: docker run --pids-limit), or the daemon stood still, so gate.on_deadline was answered without it";
const lateText =
  "the deadline answered first; raise gate.deadline, or look for what slows the daemon down";

/** Why the answer was another one than was wanted; `unclear` says why it had to be. */
export function answered(verdict: Verdict, wanted: Verdict, unclear: string | undefined): Answered {
  if (verdict === "deny" || wanted === "allow") return { verdict };
  return { verdict, overruled: unclear ?? lateText };
}
