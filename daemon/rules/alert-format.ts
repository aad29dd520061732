// SPDX-License-Identifier: Apache-2.0
import { compareBytes } from "../util/byte-string.ts";
import { jsonText } from "../util/json-text.ts";
import type { FieldValue, Priority } from "../model/alert.ts";
import { splitTime } from "./time-text.ts";

/** What one alert says, before it is written down. */
export interface AlertParts {
  readonly rule: string;
  readonly priority: Priority;
  readonly source: string;
  readonly tags: readonly string[];
  readonly hostname: string;
  /** Nanoseconds since the epoch. */
  readonly timeNs: bigint;
  /** The rule's formatted output, without time and priority. */
  readonly message: string;
  /** The fields that the output names and those that are added, by name. */
  readonly fields: Readonly<Record<string, FieldValue>>;
}

/** Falco's options of the same names (`json_include_…_property`, `time_format_iso_8601`). */
export interface AlertOptions {
  readonly iso8601?: boolean;
  readonly message?: boolean;
  readonly output?: boolean;
  readonly tags?: boolean;
  readonly output_fields?: boolean;
}

/**
 * The line that Falco prints for an alert, times in UTC: `05:06:07.000000089: Warning Text`, escaped as a JSON string
 * is, so that it stays one line.
 */
export function alertText(alert: AlertParts, options: AlertOptions = {}): string {
  return JSON.stringify(outputOf(alert, options)).slice(1, -1);
}

/** The JSON object that Falco prints for an alert, as a text. */
export function alertJson(alert: AlertParts, options: AlertOptions = {}): string {
  return jsonText(alertObject(alert, options));
}

/** What Falco's JSON of an alert holds, its keys sorted by their bytes; times in UTC. */
export function alertObject(alert: AlertParts, options: AlertOptions = {}): object {
  const { message = false, output = true, tags = true, output_fields: hasFields = true } = options;
  const { date, time, nanoseconds } = splitTime(alert.timeNs);
  const timeName = options.iso8601 === true ? "evt.time.iso8601" : "evt.time";
  return {
    hostname: alert.hostname,
    message: message ? alert.message : undefined,
    output: output ? outputOf(alert, options) : undefined,
    output_fields: hasFields ? sorted({ ...alert.fields, [timeName]: alert.timeNs }) : undefined,
    priority: alert.priority,
    rule: alert.rule,
    source: alert.source,
    tags: tags ? [...new Set(alert.tags)].sort(compareBytes) : undefined,
    time: `${date}T${time}.${nanoseconds}Z`,
  };
}

function outputOf({ timeNs, priority, message }: AlertParts, { iso8601 }: AlertOptions): string {
  const { date, time, nanoseconds } = splitTime(timeNs);
  const clock = `${time}.${nanoseconds}`;
  return `${iso8601 === true ? `${date}T${clock}+0000` : clock}: ${priority} ${message}`;
}

function sorted(fields: Readonly<Record<string, FieldValue>>): Record<string, FieldValue> {
  return Object.fromEntries(Object.entries(fields).sort(([a], [b]) => compareBytes(a, b)));
}
