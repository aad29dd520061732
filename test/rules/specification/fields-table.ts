// SPDX-License-Identifier: Apache-2.0
import type { FieldSpec } from "../../../daemon/lang/field.ts";
import { fieldTypeOfWord } from "../../../daemon/rules/fields/define.ts";

/** What the specification says of one field. */
export interface SpecifiedField {
  readonly name: string;
  readonly type: FieldSpec<never>["type"] | undefined;
  readonly argument: "required" | "optional" | undefined;
  /** `L`, `D`, `F`, `P`, `nt`, `nr`, in that order. */
  readonly flags: string;
}

const flagNames = ["L", "D", "F", "P", "nt", "nr"] as const;

/** The rows `| field | type | flags | meaning |` of section 10. */
export function specifiedFields(specification: string): readonly SpecifiedField[] {
  const section = specification.split("\n## ").find((text) => text.startsWith("10."));
  return (section ?? "").split("\n").flatMap((line) => {
    const [name = "", type = "", flags = ""] = line.slice(2).split(" | ");
    return fieldTypeOfWord(type) === undefined ? [] : [fieldOf(name, type, flags)];
  });
}

function fieldOf(name: string, type: string, flags: string): SpecifiedField {
  const words = new Set(flags.split(" "));
  const argument = words.has("A!") ? "required" : words.has("A?") ? "optional" : undefined;
  const known = flagNames.filter((flag) => words.has(flag)).join(" ");
  return { name, type: fieldTypeOfWord(type), argument, flags: known };
}

/** The same of a field of ours. */
export function describeField<E>(spec: FieldSpec<E>): SpecifiedField {
  const has = { L: spec.isList, D: spec.isDeprecated, F: spec.isFilterOnly, P: spec.isPrintOnly };
  const all = { ...has, nt: spec.refusesTransformers, nr: spec.refusesRightFields };
  const flags = flagNames.filter((flag) => all[flag] === true).join(" ");
  return { name: spec.name, type: spec.type, argument: spec.argument, flags };
}
