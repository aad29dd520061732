// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent, SecondView } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** What the second view of an exec said (docs/operations.md, "The witness"). Not Falco's. */
export const viewFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  [
    "evt.views",
    "string",
    "who saw the exec: gate, audit, cmdline, proc, joined by a comma",
    viewsOf,
  ],
  [
    "evt.finding",
    "string",
    "what a second view found: memfd, argv_changed, argv_rewritten, gate_missed, audit_missed, failed, no_gate, unguarded",
    ({ second }) => second?.finding,
  ],
  [
    "proc.argv_changed",
    "bool",
    "the kernel copied other arguments than were judged",
    ({ second }) => second?.finding === "argv_changed",
  ],
  [
    "proc.argv_rewritten",
    "bool",
    "other bytes stood in the place of the arguments soon after the exec",
    ({ second }) => second?.finding === "argv_rewritten",
  ],
  [
    "proc.judged_cmdline",
    "string",
    "the arguments that were judged, where others were found",
    ({ second }) => second?.judgedArgv?.join(" "),
  ],
]);

/** The errors that an exec can end with (execve(2)), by number. */
const errorNames: ReadonlyMap<number, string> = new Map([
  [1, "EPERM"],
  [2, "ENOENT"],
  [4, "EINTR"],
  [5, "EIO"],
  [7, "E2BIG"],
  [8, "ENOEXEC"],
  [11, "EAGAIN"],
  [12, "ENOMEM"],
  [13, "EACCES"],
  [14, "EFAULT"],
  [16, "EBUSY"],
  [20, "ENOTDIR"],
  [21, "EISDIR"],
  [22, "EINVAL"],
  [23, "ENFILE"],
  [24, "EMFILE"],
  [26, "ETXTBSY"],
  [36, "ENAMETOOLONG"],
  [40, "ELOOP"],
  [80, "ELIBBAD"],
]);

/** `SUCCESS`, or the error's name. */
export function resultOf(second: SecondView | undefined): string {
  const errno = second?.errno ?? 0;
  return errno === 0 ? "SUCCESS" : (errorNames.get(errno) ?? `ERRNO_${errno}`);
}

function viewsOf({ second }: ExecEvent): string {
  if (second === undefined || second.finding === "audit_missed") return "gate";
  return second.isGateSeen ? `gate,${second.by}` : second.by;
}
