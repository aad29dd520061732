// SPDX-License-Identifier: Apache-2.0

/** What becomes of a way around. */
export type Fate = "denied" | "detected and killed" | "detected" | "out of reach";

/** One class of ways around; docs/bypasses.md has its techniques. */
export interface Bypass {
  readonly id: string;
  readonly name: string;
  /** Who sees it: the gate before it runs, the witness afterwards, or nobody. */
  readonly seenBy: "gate" | "witness" | "nobody";
  /** A rule that asks for one of these fields can tell it. */
  readonly fields: readonly string[];
  /** What else is to be said of it. */
  readonly note?: string;
}

const byFile = ["proc.exepath", "proc.image_path", "proc.exe_sha256", "proc.exe_from_image"];
const byList = ["proc.allowlisted", "proc.allowlist_reason"];

/** Every class that is known, in the order of docs/bypasses.md. */
export const bypasses: readonly Bypass[] = [
  {
    id: "same-file",
    name: "the same file by a link, a descriptor, another call or argv[0]",
    seenBy: "gate",
    fields: [...byFile, ...byList],
  },
  {
    id: "copy",
    name: "the same bytes in another file, on a tmpfs or a volume",
    seenBy: "gate",
    fields: ["proc.image_path", "proc.exe_sha256", ...byList],
    note: "a digest that is not known in time is unknown",
  },
  {
    id: "other-program",
    name: "a copy with another byte, a program of their own",
    seenBy: "gate",
    fields: ["proc.exe_from_image", "proc.is_exe_upper_layer", ...byList],
  },
  {
    id: "script",
    name: "a script, its interpreter, a script of a script: what they start",
    seenBy: "gate",
    fields: [...byFile, ...byList],
  },
  {
    id: "applet",
    name: "an applet of busybox or another multi-call program",
    seenBy: "gate",
    fields: ["proc.applet", ...byList],
    note: "argv[0] is a claim",
  },
  {
    id: "loader",
    name: "ld.so PROGRAM, also of a file that may not be executed",
    seenBy: "gate",
    fields: ["proc.loader", "proc.loader_argument", ...byList],
  },
  {
    id: "memory-dynamic",
    name: "a dynamic program in memory, or on a file system that was mounted later",
    seenBy: "gate",
    fields: ["proc.loader", "proc.is_exe_from_memfd", ...byList],
  },
  {
    id: "memory-static",
    name: "a static program in memory",
    seenBy: "witness",
    fields: ["proc.is_exe_from_memfd", ...byList],
  },
  {
    id: "argv-rewritten",
    name: "arguments that a second thread rewrites after they were judged",
    seenBy: "witness",
    fields: ["proc.argv_changed", "proc.argv_rewritten", "proc.judged_cmdline"],
  },
  {
    id: "unmarked-static",
    name: "a static program on a mount that no other exec has shown yet, or in the host's namespace",
    seenBy: "nobody",
    fields: [],
    note: "the gate has no mark there in time",
  },
  {
    id: "interpreter",
    name: "what an interpreter does by itself: shell builtins, /dev/tcp, sh FILE; mapped or injected code",
    seenBy: "nobody",
    fields: [],
    note: "there is no exec",
  },
];

/** What of a policy, and of what is in force around it, decides. */
export interface PolicyReach {
  /** Fields that the live rules which the policy selects ask for, all rules together. */
  readonly fields: ReadonlySet<string>;
  readonly canDeny: boolean;
  readonly canKill: boolean;
  /** Why it neither denies nor kills; undefined where it is enforced. */
  readonly unenforcedBecause?: string | undefined;
  readonly witness: "gaps" | "full" | "off";
  readonly isDetectOnly: boolean;
  readonly onDeadline: "allow" | "deny";
}

/** One class, and what a policy makes of it. */
export interface RemainingBypass extends Pick<Bypass, "id" | "name"> {
  readonly fate: Fate;
  readonly because: string;
}

/** What the policy makes of every class. */
export function remainingBypasses(reach: PolicyReach): readonly RemainingBypass[] {
  return bypasses.map((bypass) => ({
    ...{ id: bypass.id, name: bypass.name },
    ...judgeBypass(bypass, reach),
  }));
}

type Judged = Pick<RemainingBypass, "fate" | "because">;

function judgeBypass(bypass: Bypass, reach: PolicyReach): Judged {
  const { seenBy, fields, note = "nobody sees it" } = bypass;
  if (seenBy === "nobody") return { fate: "out of reach", because: note };
  const field = fields.find((name) => reach.fields.has(name));
  if (field === undefined)
    return { fate: "out of reach", because: `no rule of it asks for ${fields.join(", ")}` };
  if (seenBy === "witness" && reach.witness === "off")
    return { fate: "out of reach", because: "witness.mode is off" };
  const why = askedText(field);
  if (reach.unenforcedBecause !== undefined)
    return { fate: "detected", because: `${why}; ${reach.unenforcedBecause}` };
  if (seenBy === "gate" && reach.canDeny && !reach.isDetectOnly)
    return { fate: "denied", because: why + lateNote(bypass, reach) };
  const late = seenBy === "witness" ? "it is told after the exec" : noDenyText(reach);
  if (reach.canKill) return { fate: "detected and killed", because: `${why}; ${late}` };
  return { fate: "detected", because: `${why}; ${late}; kill: process would end it` };
}

function askedText(field: string): string {
  const where = byList.includes(field) ? ", in containers whose programs an allowlist names" : "";
  return `a rule asks for ${field}${where}`;
}

function lateNote({ note }: Bypass, { onDeadline }: PolicyReach): string {
  const late = onDeadline === "allow" ? "; what the deadline answers is allowed" : "";
  return `${note === undefined ? "" : `; ${note}`}${late}`;
}

function noDenyText({ isDetectOnly }: PolicyReach): string {
  return isDetectOnly ? "this kernel has no permission events" : "it has no deny";
}
