// SPDX-License-Identifier: Apache-2.0
import type { Occurrence } from "../../model/event.ts";
import type { FieldSpec, FieldType, Scalar } from "../../lang/field.ts";
import { splitTime } from "../time-text.ts";
import { plainFields } from "./define.ts";

const nsPerSecond = 1_000_000_000n;

/** One way to show the moment of an event. */
interface TimeForm {
  readonly name: string;
  readonly type: FieldType;
  readonly description: string;
  /** From nanoseconds since the epoch; texts are in UTC. */
  readonly read: (timeNs: bigint) => Scalar;
}

/** evt.time, evt.datetime and evt.rawtime with their variants. */
export const timeForms: readonly TimeForm[] = [
  text("evt.time", "time of day with nanoseconds", ({ time, nanoseconds }) => {
    return `${time}.${nanoseconds}`;
  }),
  text("evt.time.s", "time of day", ({ time }) => time),
  text("evt.time.iso8601", "date and time, ISO 8601", ({ date, time, nanoseconds }) => {
    return `${date}T${time}.${nanoseconds}+0000`;
  }),
  text("evt.datetime", "date and time with nanoseconds", ({ date, time, nanoseconds }) => {
    return `${date} ${time}.${nanoseconds}`;
  }),
  text("evt.datetime.s", "date and time", ({ date, time }) => `${date} ${time}`),
  number("evt.rawtime", "nanoseconds since the epoch", (timeNs) => timeNs),
  number("evt.rawtime.s", "seconds since the epoch", (timeNs) => timeNs / nsPerSecond),
  number("evt.rawtime.ns", "nanoseconds of the second", (timeNs) => timeNs % nsPerSecond),
];

/** The same as fields of live events. */
export const timeFields: readonly FieldSpec<Occurrence>[] = plainFields<Occurrence>(
  timeForms.map(({ name, type, description, read }) => {
    return [name, type, description, ({ timeNs }): Scalar => read(timeNs), 5];
  }),
);

function text(
  name: string,
  description: string,
  read: (parts: ReturnType<typeof splitTime>) => string,
): TimeForm {
  return { name, type: "string", description, read: (timeNs) => read(splitTime(timeNs)) };
}

function number(name: string, description: string, read: (timeNs: bigint) => bigint): TimeForm {
  return { name, type: "time", description, read };
}
