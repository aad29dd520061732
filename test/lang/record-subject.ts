// SPDX-License-Identifier: Apache-2.0
import { createChecker } from "../../daemon/lang/check.ts";
import { createCompiler } from "../../daemon/lang/compile.ts";
import {
  createCatalogue,
  type FieldSpec,
  type FieldType,
  type Scalar,
  type Value,
} from "../../daemon/lang/field.ts";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";

/** A subject is a record of values by the printed name of the field. */
export type RecordSubject = Readonly<Record<string, Value>>;

function field(name: string, type: FieldType, more: Partial<FieldSpec<RecordSubject>> = {}) {
  return {
    name,
    type,
    description: "",
    bind: (argument?: string) => ({
      kind: "one" as const,
      get: (subject: RecordSubject) =>
        subject[argument === undefined ? name : `${name}[${argument}]`],
    }),
    ...more,
  };
}

function several(name: string, type: FieldType, kind: "any" | "ends"): FieldSpec<RecordSubject> {
  const some = (subject: RecordSubject, test: (value: Scalar) => boolean): boolean => {
    const values = subject[name];
    return typeof values === "object" && values.some(test);
  };
  const print = (subject: RecordSubject): Value | undefined => subject[name];
  const refused = { refusesRightFields: true, refusesTransformers: true };
  return field(name, type, { ...refused, bind: () => ({ kind, some, print }) });
}

const types = ["bytes", "i16", "i32", "i64", "u32", "u64", "f64", "bool", "ip", "net"] as const;

/** One field `t.TYPE` of each type, and one of each special kind. */
export const recordCatalogue = createCatalogue<RecordSubject>([
  ...types.map((type) => field(`t.${type}`, type)),
  field("t.port", "port"),
  field("t.dynamic", "dynamic"),
  field("t.str", "string"),
  field("t.other", "string"),
  field("t.letters", "string"),
  field("t.arg", "string", { argument: "required" }),
  field("t.dotted", "string", { argument: "required", isDotted: true }),
  field("t.maybe", "string", { argument: "optional" }),
  field("t.strs", "string", { isList: true }),
  field("t.words", "string", { isList: true }),
  field("t.known", "string", { literals: new Set(["open", "execve"]) }),
  field("t.print", "string", { isPrintOnly: true }),
  field("t.dear", "string", { cost: 100 }),
  several("t.any", "string", "any"),
  several("t.ends", "ip", "ends"),
  { name: "t.empty", type: "string", description: "" },
]);

/** Codes and marked texts of everything that is wrong with a condition. */
export function faultsOf(text: string): readonly string[] {
  const source = wholeSource({ name: "c", text });
  const parsed = parseCondition(text);
  if (!parsed.ok) {
    const { start, end } = parsed.fault.range;
    return [`${parsed.fault.code} ${start}: ${text.slice(start, end)}`];
  }
  const { diagnostics } = createChecker(recordCatalogue).check(parsed.expr, source);
  return diagnostics.map(({ code, span }) => `${code} ${text.slice(span?.start, span?.end)}`);
}

/** Whether a right condition holds for a subject. */
export function holds(text: string, subject: RecordSubject): boolean {
  const parsed = parseCondition(text);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.fault.message}`);
  const { checked, diagnostics } = createChecker(recordCatalogue).check(
    parsed.expr,
    wholeSource({ name: "c", text }),
  );
  const error = diagnostics.find(({ severity }) => severity === "error");
  if (error !== undefined) throw new Error(`${text}: ${error.message}`);
  return createCompiler<RecordSubject>().compile(checked)(subject);
}
