// SPDX-License-Identifier: Apache-2.0
import { calledAppletOf, operandOf } from "../../model/applet.ts";
import type { Event } from "../../model/event.ts";
import type { ProgramVerdict } from "../../model/program.ts";
import { judgeProgram, type ProgramList } from "../../policy/programs.ts";

/** What lists of programs say of an exec, and whether the path alone had to do for that. */
export interface ExplainedProgram extends ProgramVerdict {
  readonly isByPath: boolean;
}

/**
 * What was judged; else by the path alone, as if the image had that very file there: neither its bytes nor what is a link
 * is known here. Undefined where no list says anything.
 */
export function programOf(
  event: Event,
  lists: readonly ProgramList[],
): ExplainedProgram | undefined {
  if (event.kind !== "exec") return undefined;
  if (event.program !== undefined) return { ...event.program, isByPath: false };
  const imagePaths = [event.process.exepath];
  // No digest of a list is this one.
  const program = { imagePaths, arePathsKnown: true, isUnchanged: true, sha256: "" };
  const [applet, operand] = [calledAppletOf(event), operandOf(event)];
  const verdict = judgeProgram(lists, { program, beside: [], applet, operand });
  return verdict && { ...verdict, isByPath: true };
}
