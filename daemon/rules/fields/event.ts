// SPDX-License-Identifier: Apache-2.0
import { toByteString } from "../../util/byte-string.ts";
import type { ExecEvent, Occurrence } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields, readOne } from "./define.ts";
import { eventNames } from "./event-names.ts";
import { execArgumentFields } from "./exec-arguments.ts";
import { timeFields } from "./time.ts";
import { resultOf } from "./views.ts";

/** Fields of Falco that say the same of every event, kept so that old rules load. */
const constantFields: readonly FieldSpec<Occurrence>[] = plainFields<Occurrence>([
  ["evt.latency", "duration", "always 0", () => 0],
  ["evt.latency.s", "duration", "always 0", () => 0],
  ["evt.latency.ns", "duration", "always 0", () => 0],
  ["evt.latency.quantized", "u64", "always 0", () => 0],
  ["evt.latency.human", "string", "always 0ns", () => "0ns"],
  ["evt.wait_latency", "duration", "always 0", () => 0],
]).map((field) => ({ ...field, isDeprecated: true }));

/** evt.*: what events of every source have. Times are UTC. */
export const occurrenceFields: readonly FieldSpec<Occurrence>[] = [
  ...timeFields,
  ...plainFields<Occurrence>([
    ["evt.num", "u64", "running number of the event, from 1", ({ number }) => number],
    ["evt.hostname", "string", "host name", ({ host }) => toByteString(host.hostname)],
    ["evt.count", "u32", "always 1", () => 1],
    ["evt.count.exit", "u32", "1 for the end of a call", () => 1],
  ]),
  ...constantFields,
];

/** evt.*: the exec itself. */
export const eventFields: readonly FieldSpec<ExecEvent>[] = [
  ...plainFields<ExecEvent>([
    ["evt.source", "string", "source of the event", () => "syscall"],
    ["evt.is_async", "bool", "not the effect of a call", () => false],
    ["syscall.type", "string", "name of the call", ({ syscall }) => syscall],
    ["evt.category", "string", "kind of the event", () => "process"],
    // Judged before the kernel has finished: while the exec is allowed it is taken to succeed.
    ["evt.res", "string", "SUCCESS, or the name of the error", ({ second }) => resultOf(second)],
    ["evt.rawres", "i64", "return value", ({ second }) => 0 - (second?.errno ?? 0)],
    ["evt.failed", "bool", "the call failed", ({ second }) => (second?.errno ?? 0) !== 0],
    ["evt.count.error", "u32", "1 where the call failed", failureCount],
    [
      "evt.count.error.other",
      "u32",
      "1 where the call failed, which is about no file",
      failureCount,
    ],
    ["evt.is_io", "bool", "reads or writes", () => false],
    ["evt.is_io_read", "bool", "reads", () => false],
    ["evt.is_io_write", "bool", "writes", () => false],
    ["evt.is_wait", "bool", "waits", () => false],
    ["evt.is_syslog", "bool", "writes to the system log", () => false],
    ["evt.is_open_read", "bool", "opens a file to read", () => false],
    ["evt.is_open_write", "bool", "opens a file to write", () => false],
    ["evt.is_open_exec", "bool", "creates an executable file", () => false],
    ["evt.is_open_create", "bool", "creates a file", () => false],
  ]),
  {
    name: "evt.type",
    type: "string",
    description: "name of the event",
    literals: eventNames,
    bind: () => readOne(({ syscall }) => syscall),
  },
  {
    name: "evt.dir",
    type: "string",
    description: "direction, always < (exit)",
    isDeprecated: true,
    bind: () => readOne(() => "<"),
  },
  {
    name: "evt.type.is",
    type: "u32",
    description: "1 when the event is of this type",
    argument: "required",
    isDotted: true,
    bind: (name) => readOne(({ syscall }) => (syscall === name ? 1 : 0)),
  },
  ...execArgumentFields,
];

function failureCount({ second }: ExecEvent): number | undefined {
  return (second?.errno ?? 0) === 0 ? undefined : 1;
}
