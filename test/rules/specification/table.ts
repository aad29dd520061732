// Tables of the specification of the language: what goes in, what comes out, and which section says so.
// SPDX-License-Identifier: Apache-2.0
import { createChecker } from "../../../daemon/lang/check.ts";
import { createCompiler } from "../../../daemon/lang/compile.ts";
import { parseCondition } from "../../../daemon/lang/parser.ts";
import { printCondition } from "../../../daemon/lang/print.ts";
import { typeFaults } from "../../../daemon/rules/doubts.ts";
import { eventTypesOf } from "../../../daemon/rules/event-types.ts";
import {
  readRecordEvent,
  recordSubject,
  type DeclaredField,
  type RecordEvent,
} from "../../../daemon/rules/fields/record.ts";
import { compileTemplate } from "../../../daemon/rules/output-template.ts";
import { wholeSource } from "../../../daemon/text/located-text.ts";
import { jsonText } from "../../../daemon/util/json-text.ts";

/** Values of fields by their printed names, as in the machine interface. */
export type Event = Readonly<Record<string, unknown>>;

/** Rows about one matter; `section` is the heading in the specification. */
export type Table = { readonly section: string; readonly title: string } & (
  | {
      /** A condition and how it prints, or the code of its fault. */
      readonly kind: "print";
      readonly rows: readonly (readonly [string, string])[];
    }
  | {
      /** A condition, an event, and whether it holds, or the code of its first fault. */
      readonly kind: "eval";
      readonly rows: readonly (readonly [string, Event, boolean | string])[];
    }
  | {
      /** A condition and the types of events that it can match, `broad`, or the code of its fault. */
      readonly kind: "types";
      readonly rows: readonly (readonly [string, string])[];
    }
  | {
      /** A format and the text that it gives for the event; `…` where a missing value cut it off; `error`. */
      readonly kind: "text" | "fields";
      readonly event: Event;
      readonly rows: readonly (readonly [string, string])[];
    }
);

const fieldTypes = {
  ...{ u8: "u8", i8: "i8", u16: "u16", i16: "i16", i32: "i32", u32: "u32", i64: "i64", u64: "u64" },
  ...{ f64: "f64", bytes: "bytes", bytes2: "bytes", bool: "bool", ip: "ip", net: "net" },
  ...{ port: "port", dur: "ns", time: "ns@" },
};

const listTypes = {
  ...{ list: "str", words: "str", nums: "u64", bools: "bool", ips: "ip", nets: "net" },
  ...{ times: "ns@", i32s: "i32" },
};

/** `my.TYPE`, lists of them, and two with arguments. */
const declared: Readonly<Record<string, DeclaredField>> = {
  ...Object.fromEntries(Object.entries(fieldTypes).map(([name, type]) => [`my.${name}`, { type }])),
  ...Object.fromEntries(
    Object.entries(listTypes).map(([name, type]) => [`my.${name}`, { type, list: true }]),
  ),
  "my.arg": { type: "str", arg: true },
  "my.req": { type: "str", arg: true, arg_required: true },
};

/** What the tables are judged over. */
export const subject = recordSubject(declared);

/** True or false, or the code of the first fault. */
export function answerOf(condition: string, event: Event): boolean | string {
  const parsed = parseCondition(condition);
  if (!parsed.ok) return parsed.fault.code;
  const text = wholeSource({ name: "c", text: condition });
  const { checked, diagnostics } = createChecker(subject.catalogue).check(parsed.expr, text);
  const faults = [...diagnostics, ...typeFaults(parsed.expr, text)];
  const fault = faults.find(({ severity }) => severity === "error");
  if (fault !== undefined) return fault.code;
  return createCompiler<RecordEvent>().compile(checked)(readRecordEvent(event, subject));
}

/** How a condition prints, or the code of its fault. */
export function printed(condition: string): string {
  const parsed = parseCondition(condition);
  return parsed.ok ? printCondition(parsed.expr) : parsed.fault.code;
}

/** Types of events, separated by blanks. */
export function typesOf(condition: string): string {
  const parsed = parseCondition(condition);
  if (!parsed.ok) return parsed.fault.code;
  const [fault] = typeFaults(parsed.expr, wholeSource({ name: "c", text: condition }));
  const { names, isBroad } = eventTypesOf(parsed.expr);
  return fault?.code ?? (isBroad ? "broad" : names.join(" "));
}

/** What a format prints: the text, `…` behind what a missing value cut off, or `error`; or its fields as JSON. */
export function rendered(format: string, event: Event, kind: "text" | "fields"): string {
  const source = wholeSource({ name: "f", text: format });
  const { template, diagnostics } = compileTemplate(source, subject.catalogue);
  if (diagnostics.some(({ severity }) => severity === "error")) return "error";
  const record = readRecordEvent(event, subject);
  if (kind === "fields") return jsonText(template.format(record).fields);
  const { text, isComplete } = template.render(record);
  return isComplete ? text : `${text}…`;
}
