// One exec as lists of programs see it: what the kernel opened for it, and what is known of these bytes.
// SPDX-License-Identifier: Apache-2.0
import { calledAppletOf, operandOf } from "./model/applet.ts";
import type { ExecEvent } from "./model/event.ts";
import type { FileContent, ProgramVerdict } from "./model/program.ts";
import { judgeProgram, judgeUnseen, mayBeListed, type ProgramList } from "./policy/programs.ts";
import type { TracedExec } from "./tracer/trace.ts";
import type { ByteString } from "./util/byte-string.ts";

const unasked: FileContent = {
  ...{ imagePaths: [], arePathsKnown: false, isUnchanged: undefined, missing: "late" },
};
const callsMax = 8_192;

/** Holds execs against lists. What a call opened first it remembers, by thread, for what the kernel opens beside it. */
export class ProgramJudgement {
  readonly #programs = new Map<number, FileContent>();

  /** An exec that the gate has seen, with what the lists say of it; as it is where there are none. */
  withVerdict(event: ExecEvent, traced: TracedExec, lists: readonly ProgramList[]): ExecEvent {
    if (lists.length === 0) return event;
    const program = this.#judge(event, traced, lists);
    return program === undefined ? event : { ...event, program };
  }

  #judge(
    event: ExecEvent,
    traced: TracedExec,
    lists: readonly ProgramList[],
  ): ProgramVerdict | undefined {
    const { content = unasked, loaded, tid } = event;
    if (traced.isFirstInterpreter === true) return judgeProgram(lists, { beside: [content] });
    const isFirst = traced.role === "program";
    if (isFirst) this.#remember(tid, content);
    const program = this.#programs.get(tid) ?? unasked;
    const [imagePath] = program.imagePaths;
    return judgeProgram(lists, {
      program,
      beside: isFirst ? [] : [content],
      applet: calledAppletOf(event, imagePath),
      operand: absolute(operandOf(event, imagePath), event.process.cwd),
      ...(loaded === undefined
        ? {}
        : { loaded: { isNamed: loaded.by === "arguments", path: loaded.path } }),
    });
  }

  #remember(tid: number, content: FileContent): void {
    this.#programs.delete(tid);
    this.#programs.set(tid, content);
    if (this.#programs.size <= callsMax) return;
    const oldest = this.#programs.keys().next();
    if (oldest.done !== true) this.#programs.delete(oldest.value);
  }
}

/** What a second view has found, with what the lists say of it. */
export function withFoundVerdict(event: ExecEvent, lists: readonly ProgramList[]): ExecEvent {
  const program = judgeFound(event, lists);
  return program === undefined ? event : { ...event, program };
}

// Where there is no gate at all, paths are all that is known: what no list names is told, and of the rest nothing is said.
function judgeFound(event: ExecEvent, lists: readonly ProgramList[]): ProgramVerdict | undefined {
  if (lists.length === 0 || event.second?.isGateSeen === true) return event.program;
  if (event.second?.finding === "unguarded" && event.loaded === undefined)
    return judgeUnguarded(event, lists);
  if (event.second?.finding !== "no_gate" || event.process.exepath.startsWith("/memfd:"))
    return judgeUnseen(lists);
  const { exepath, cwd } = event.process;
  const run = { applet: calledAppletOf(event), operand: absolute(operandOf(event), cwd) };
  return mayBeListed(lists, exepath, run) ? undefined : { isAllowed: false, because: "not-listed" };
}

// By its bytes, as at the gate. A script is run by its interpreter then, and only the name that the kernel gave the process
// tells that it is one: a claim, like its arguments.
function judgeUnguarded(
  event: ExecEvent,
  lists: readonly ProgramList[],
): ProgramVerdict | undefined {
  const { content = unasked, process } = event;
  const [imagePath] = content.imagePaths;
  const operand = absolute(operandOf(event, imagePath), process.cwd);
  const isScript = process.comm === commOf(operand) && process.comm !== commOf(process.exepath);
  if (operand !== undefined && isScript)
    return mayBeListed(lists, operand, {})
      ? { isAllowed: true, because: "listed" }
      : { isAllowed: false, because: "not-listed" };
  const applet = calledAppletOf(event, imagePath);
  return judgeProgram(lists, { program: content, beside: [], applet, operand });
}

/** TASK_COMM_LEN less its end. */
const commLengthMax = 15;

/** The name that the kernel gives a process for a file. */
function commOf(path: ByteString = ""): ByteString {
  return path.slice(path.lastIndexOf("/") + 1).slice(0, commLengthMax);
}

/** Without `.` and `..`, as far as the text tells. */
function absolute(
  path: ByteString | undefined,
  cwd: ByteString | undefined,
): ByteString | undefined {
  if (path === undefined) return undefined;
  const names: ByteString[] = [];
  for (const name of (path.startsWith("/") ? path : `${cwd ?? ""}/${path}`).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}
