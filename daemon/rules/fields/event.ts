// SPDX-License-Identifier: Apache-2.0
import { toByteString } from "../../util/byte-string.ts";
import type { ExecEvent, Occurrence } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields, readOne } from "./define.ts";
import { eventNames } from "./event-names.ts";
import { execArgumentFields } from "./exec-arguments.ts";
import { timeFields } from "./time.ts";
import { resultOf } from "./views.ts";

/** evt.*: what events of every source have. Times are UTC. */
export const occurrenceFields: readonly FieldSpec<Occurrence>[] = [
  ...timeFields,
  ...plainFields<Occurrence>([
    ["evt.num", "u64", "running number of the event, from 1", ({ number }) => number],
    ["evt.hostname", "string", "host name", ({ host }) => toByteString(host.hostname)],
    ["evt.count", "u32", "always 1", () => 1],
  ]),
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
