// SPDX-License-Identifier: Apache-2.0
import { fromByteString, type ByteString } from "../util/byte-string.ts";
import { didYouMean } from "../text/nearest.ts";
import type { FieldNode, Operand, Range, TransformArg, TransformNode } from "./ast.ts";
import type {
  FieldCatalogue,
  FieldReader,
  FieldSpec,
  FieldType,
  FoundField,
  Getter,
} from "./field.ts";
import { printOperand } from "./print.ts";
import { transformers, type TransformerArg } from "./transformers.ts";

/** What a field or transformer turned out to be. */
export interface ResolvedOperand<E> {
  readonly type: FieldType;
  readonly isList: boolean;
  /** How to read it; undefined when no subject has a value for it: `emptyField` says which field it is. */
  readonly reader: Exclude<FieldReader<E>, { kind: "invalid-argument" }> | undefined;
  readonly emptyField?: string;
  /** The field itself; absent for a transformer. */
  readonly spec?: FieldSpec<E>;
  readonly cost: number;
  /** Outputs cannot show it: the length of a text has no form of print upstream (quirk). */
  readonly isUnprintable?: boolean;
}

/** Why an operand cannot be read, and where. */
export interface OperandFault {
  readonly code: "unknown-field" | "field-argument" | "transformer" | "field-use";
  readonly message: string;
  readonly range: Range;
}

/** An operand or its fault. */
export type Resolution<E> =
  | { readonly ok: true; readonly operand: ResolvedOperand<E> }
  | { readonly ok: false; readonly fault: OperandFault };

/** Looks up a field or a transformer over fields. */
export function resolveOperand<E>(node: Operand, catalogue: FieldCatalogue<E>): Resolution<E> {
  return node.kind === "field" ? resolveField(node, catalogue) : resolveTransform(node, catalogue);
}

function refuse(
  code: OperandFault["code"],
  range: Range,
  message: string,
): { readonly ok: false; readonly fault: OperandFault } {
  return { ok: false, fault: { code, message, range } };
}

function resolveField<E>(node: FieldNode, catalogue: FieldCatalogue<E>): Resolution<E> {
  const { name, range } = node;
  const found = catalogue.find(name);
  if (found === undefined) {
    const nameRange = { start: range.start, end: range.start + name.length };
    const reason = catalogue.explain?.(name);
    const hint = didYouMean(name, catalogue.names()) || ": no such field";
    const end = reason === undefined ? hint : `: ${reason}`;
    return refuse("unknown-field", nameRange, `cannot read field "${name}"${end}`);
  }
  return bindField(found, node);
}

function bindField<E>({ spec, dottedArgument }: FoundField<E>, node: FieldNode): Resolution<E> {
  const argument = dottedArgument ?? node.argument;
  const form = dottedArgument === undefined ? "bracketed" : "dotted";
  const refused = (problem: string): Resolution<E> => {
    const message = `cannot read field "${printOperand(node)}": ${problem}`;
    return refuse("field-argument", node.range, message);
  };
  const wrong = argumentProblem(spec, node, dottedArgument);
  if (wrong !== undefined) return refused(wrong);
  const reader = spec.bind?.(argument, form);
  if (reader?.kind === "invalid-argument") {
    return refused(`its argument "${fromByteString(argument ?? "")}" is not ${reader.expected}`);
  }
  return { ok: true, operand: operandOf(spec, { node, argument, reader }) };
}

function operandOf<E>(
  spec: FieldSpec<E>,
  bound: {
    readonly node: FieldNode;
    readonly argument: ByteString | undefined;
    readonly reader: ResolvedOperand<E>["reader"];
  },
): ResolvedOperand<E> {
  const { node, argument, reader } = bound;
  const { isList = false, cost = 1 } = spec;
  const type = spec.typeOf?.(argument ?? "") ?? spec.type;
  const operand = { type, isList, reader, spec, cost };
  return reader === undefined ? { ...operand, emptyField: node.name } : operand;
}

function argumentProblem<E>(
  spec: FieldSpec<E>,
  node: FieldNode,
  dottedArgument: string | undefined,
): string | undefined {
  if (dottedArgument !== undefined && node.argument !== undefined) {
    return "it takes one argument, not two";
  }
  const isGiven = dottedArgument !== undefined || node.argument !== undefined;
  if (spec.argument === undefined && isGiven) return "it takes no argument";
  if (spec.argument !== "required" || isGiven) return undefined;
  return `write ${spec.name}${spec.isDotted === true ? ".NAME" : "[…]"}`;
}

function resolveTransform<E>(node: TransformNode, catalogue: FieldCatalogue<E>): Resolution<E> {
  const args: TransformerArg<E>[] = [];
  let emptyField: string | undefined;
  let cost = 3;
  for (const arg of node.args) {
    const resolved = resolveArg(arg, catalogue);
    if (!resolved.ok) return resolved;
    args.push(resolved.arg);
    emptyField ??= resolved.emptyField;
    cost += resolved.cost;
  }
  const spec = transformers.get(node.name);
  const built = spec?.build(args, node.index) ?? "it does not exist";
  if (typeof built === "string") {
    return refuse("transformer", node.range, `cannot use ${node.name}() here: ${built}`);
  }
  const { type, isList, get } = built;
  const [first] = args;
  const isUnprintable =
    node.name === "len" &&
    (first?.kind !== "operand" || first.type === "string" || first.type === "bytes");
  if (emptyField !== undefined) {
    return { ok: true, operand: { type, isList, reader: undefined, emptyField, cost } };
  }
  const reader = { kind: "one", get } as const;
  return { ok: true, operand: { type, isList, reader, cost, isUnprintable } };
}

type ArgResolution<E> =
  | { ok: true; arg: TransformerArg<E>; emptyField?: string | undefined; cost: number }
  | { ok: false; fault: OperandFault };

function resolveArg<E>(arg: TransformArg, catalogue: FieldCatalogue<E>): ArgResolution<E> {
  if (arg.kind === "value")
    return { ok: true, arg: { kind: "literal", value: arg.value }, cost: 0 };
  if (arg.kind !== "arg-list") return resolveArgOperand(arg, catalogue);
  const items: Getter<E>[] = [];
  let emptyField: string | undefined;
  let cost = 0;
  for (const item of arg.items) {
    const resolved = resolveArg(item, catalogue);
    if (!resolved.ok) return resolved;
    emptyField ??= resolved.emptyField;
    cost += resolved.cost;
    items.push(argGetter(resolved.arg));
  }
  return { ok: true, arg: { kind: "list", items }, emptyField, cost };
}

function argGetter<E>(arg: TransformerArg<E>): Getter<E> {
  if (arg.kind === "literal") return () => arg.value;
  return arg.kind === "operand" ? arg.get : () => undefined;
}

function resolveArgOperand<E>(node: Operand, catalogue: FieldCatalogue<E>): ArgResolution<E> {
  const resolved = resolveOperand(node, catalogue);
  if (!resolved.ok) return resolved;
  const { type, isList, reader, spec, emptyField, cost } = resolved.operand;
  const isSeveral = reader !== undefined && reader.kind !== "one";
  if (spec?.refusesTransformers === true || isSeveral) {
    const message = `cannot use field "${printOperand(node)}" in a transformer`;
    return refuse("field-use", node.range, message);
  }
  const get = reader?.kind === "one" ? reader.get : () => undefined;
  const isField = node.kind === "field";
  return { ok: true, arg: { kind: "operand", type, isList, isField, get }, emptyField, cost };
}
