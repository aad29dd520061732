// SPDX-License-Identifier: Apache-2.0
import { toByteString, type ByteString } from "../../util/byte-string.ts";
import { parseAddress } from "../../lang/address.ts";
import {
  createCatalogue,
  type ArgumentForm,
  type FieldCatalogue,
  type FieldReader,
  type FieldSpec,
  type FieldType,
  type Getter,
  type Scalar,
  type Value,
} from "../../lang/field.ts";
import { narrow } from "../../lang/literal.ts";
import type { RuleSubject } from "../subject.ts";
import { ruleFields } from "./catalogue.ts";
import { fieldTypeOfWord } from "./define.ts";
import { isOwn } from "./own-names.ts";
import { parameterTypes } from "./parameters.ts";
import { timeForms } from "./time.ts";

/**
 * An event as a table: values by the printed name of the field, argument included (`proc.aname[2]`). What is not in it
 * has no value. Field names that stand for several values (`proc.aname`) hold lists.
 */
export type RecordEvent = ReadonlyMap<string, Value>;

/** A field that somebody's own events have beside the known ones. */
export interface DeclaredField {
  /** As `rules fields` shows it: `str`, `u64`, `ip`, `ns`, … */
  readonly type: string;
  readonly list?: boolean;
  readonly arg?: boolean;
  readonly arg_required?: boolean;
}

/** Which fields there are. */
export interface RecordOptions {
  /** Without those of containers and pods, as Falco without its container plugin. */
  readonly noContainer?: boolean;
  /** With those that Falco does not know: for our users' tests, not where answers are compared with Falco's. */
  readonly ownFields?: boolean;
}

function isOfContainers(name: string): boolean {
  return /^(?:container|k8s)\.|^proc\.is_container_/.test(name);
}

/** Rules over events that are tables; events of any type may occur. */
export function recordSubject(
  declared: Readonly<Record<string, DeclaredField>> = {},
  options: RecordOptions = {},
): RuleSubject<RecordEvent> {
  const { noContainer = false, ownFields = false } = options;
  const isLeftOut = (name: string): boolean =>
    (noContainer && isOfContainers(name)) || (!ownFields && isOwn(name));
  const own = Object.entries(declared).map(([name, field]) => declaredField(name, field));
  const names = new Set(Object.keys(declared));
  const known = ruleFields
    .filter(({ name }) => !names.has(name) && !isLeftOut(name))
    .map(recordField);
  return { catalogue: createCatalogue([...known, ...own]) };
}

function declaredField(name: string, field: DeclaredField): FieldSpec<RecordEvent> {
  const { type, list = false, arg = false, arg_required: isRequired = false } = field;
  const argument = isRequired ? "required" : arg ? "optional" : undefined;
  const spec = { name, type: fieldTypeOfWord(type) ?? "string", description: "declared" };
  return {
    ...spec,
    isList: list,
    bind: (index) => readOne(name, index),
    ...(argument === undefined ? {} : { argument }),
  };
}

/** A known field, read from a table instead of an event. */
function recordField(spec: FieldSpec<never>): FieldSpec<RecordEvent> {
  const { name } = spec;
  const ends = endsOf(name);
  if (ends !== undefined) return { ...spec, bind: () => endsReader(ends) };
  const end = netEnds.get(name);
  if (end !== undefined) return { ...spec, bind: () => readOne(end, undefined) };
  if (severalNames.has(name)) {
    return {
      ...spec,
      bind: (index, form) =>
        index === undefined
          ? severalReader(name)
          : (checkedReader(spec, { index, form }) ?? readOne(name, index)),
    };
  }
  return {
    ...spec,
    bind: (index, form) => checkedReader(spec, { index, form }) ?? readRecord(name, index),
  };
}

/** An argument that the field itself would refuse is refused. */
function checkedReader(
  spec: FieldSpec<never>,
  {
    index,
    form,
  }: { readonly index: ByteString | undefined; readonly form: ArgumentForm | undefined },
): FieldReader<RecordEvent> | undefined {
  const reader = spec.bind?.(index, form);
  return reader?.kind === "invalid-argument" ? reader : undefined;
}

function readRecord(name: string, index: ByteString | undefined): FieldReader<RecordEvent> {
  if (name === "evt.type" || name === "syscall.type") return { kind: "one", get: typeReader(name) };
  if (name === "evt.type.is") {
    const get = typeReader("evt.type");
    return { kind: "one", get: (record) => (get(record) === index ? 1 : 0) };
  }
  const time = timeForms.find((form) => form.name === name);
  if (time !== undefined) return { kind: "one", get: timeReader(time.name, time.read) };
  const fixed = fixedValues.get(name);
  if (fixed === undefined) return readOne(name, index);
  return { kind: "one", get: (record) => (record.has(name) ? record.get(name) : fixed) };
}

/** An event that does not say what it is is taken for an exec. */
function typeReader(name: string): Getter<RecordEvent> {
  return (record) => record.get(name) ?? record.get("evt.type") ?? "execve";
}

/** The moment of an event stands below a name of its own, and is shown in UTC. */
const momentName = "$ts";

function timeReader(name: string, read: (timeNs: bigint) => Scalar): Getter<RecordEvent> {
  return (record) => {
    const moment = record.get(momentName);
    if (record.has(name)) return record.get(name);
    const isKnown = typeof moment === "number" || typeof moment === "bigint";
    return isKnown ? read(BigInt(moment)) : undefined;
  };
}

/** What every event has, whatever it is. */
const fixedValues: ReadonlyMap<string, Scalar> = new Map<string, Scalar>([
  ["evt.dir", "<"],
  ["evt.count", 1],
  ["evt.latency", 0],
  ["evt.latency.s", 0],
  ["evt.latency.ns", 0],
  ["evt.latency.quantized", 0],
  ["evt.latency.human", "0ns"],
  ["evt.wait_latency", 0],
]);

function readOne(name: string, index: ByteString | undefined): FieldReader<RecordEvent> {
  if (index === undefined) return { kind: "one", get: (record) => record.get(name) };
  const bracketed = `${name}[${index}]`;
  const dotted = `${name}.${index}`;
  return { kind: "one", get: (record) => record.get(bracketed) ?? record.get(dotted) };
}

/** Fields of which every ancestor has one value. */
const severalNames: ReadonlySet<string> = new Set([
  "proc.aname",
  "proc.aexe",
  "proc.aexepath",
  "proc.acmdline",
  "proc.aenv",
  "proc.apid",
]);

function severalReader(name: string): FieldReader<RecordEvent> {
  const print: Getter<RecordEvent> = (record) => {
    if (name === "proc.apid") return record.get("proc.pid");
    const value = record.get(name);
    return typeof value === "object" ? value.join(" ") : value;
  };
  return {
    kind: "any",
    print,
    some(record, test) {
      const value = record.get(name);
      if (value === undefined) return false;
      return typeof value === "object" ? value.some(test) : test(value);
    },
  };
}

/** The fields that hold the two ends of a connection: client, then server. */
function endsOf(name: string): readonly string[] | undefined {
  if (name === "fd.ip" || name === "fd.net") return ["fd.cip", "fd.sip"];
  return name === "fd.port" || name === "fd.proto" ? ["fd.cport", "fd.sport"] : undefined;
}

const netEnds: ReadonlyMap<string, string> = new Map(
  ["c", "s", "l", "r"].map((end) => [`fd.${end}net`, `fd.${end}ip`]),
);

function endsReader(names: readonly string[]): FieldReader<RecordEvent> {
  return {
    kind: "ends",
    some: (record, test) =>
      names.some((name) => {
        const value = record.get(name);
        return value !== undefined && typeof value !== "object" && test(value);
      }),
  };
}

/**
 * Reads a table of JSON values, each as the type of its field asks: `null` is no value, `{"hex": "…"}` gives raw
 * bytes, integers may be text. A value that the type cannot hold, or of a field that does not exist, is left out.
 */
export function readRecordEvent(
  values: Readonly<Record<string, unknown>>,
  { catalogue }: RuleSubject<RecordEvent>,
): RecordEvent {
  const record = new Map<string, Value>();
  for (const [name, json] of Object.entries(values)) {
    const type = name === momentName ? "time" : typeOfName(name, catalogue);
    const value = type === undefined ? undefined : readValue(json, type);
    if (value !== undefined) record.set(name, value);
  }
  return record;
}

/** True for a printed name that an event may hold: of a field, or of one of its arguments. */
export function isRecordField(printed: string, { catalogue }: RuleSubject<RecordEvent>): boolean {
  return printed === momentName || typeOfName(printed, catalogue) !== undefined;
}

function typeOfName(
  printed: string,
  catalogue: FieldCatalogue<RecordEvent>,
): FieldType | undefined {
  const bracket = printed.indexOf("[");
  const found = catalogue.find(bracket < 0 ? printed : printed.slice(0, bracket));
  if (found === undefined) return undefined;
  const { spec, dottedArgument } = found;
  if (spec.type !== "dynamic") return spec.type;
  return parameterTypes.get(dottedArgument ?? "") ?? "dynamic";
}

function readValue(json: unknown, type: FieldType): Value | undefined {
  if (!Array.isArray(json)) return readScalar(json, type);
  return json.flatMap((item: unknown) => readScalar(item, type) ?? []);
}

function readScalar(json: unknown, type: FieldType): Scalar | undefined {
  const raw = rawBytes(json);
  if (raw !== undefined) return type === "string" ? ended(raw) : raw;
  const isScalar = ["string", "number", "bigint", "boolean"].includes(typeof json);
  return isScalar ? (readers[type] ?? readInteger)(String(json)) : undefined;
}

/** How the text of a value is read, where it is no integer. */
const readers: Readonly<Partial<Record<FieldType, (text: string) => Scalar | undefined>>> = {
  string: (text) => ended(toByteString(text)),
  bytes: toByteString,
  dynamic: (text) => readInteger(text) ?? toByteString(text),
  bool: (text) => text === "true" || text === "1",
  ip: parseAddress,
  net: parseAddress,
  f64: (text) => (Number.isFinite(Number(text)) ? Number(text) : undefined),
};

/** A text ends at its first NUL. */
function ended(text: ByteString): ByteString {
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function readInteger(text: string): Scalar | undefined {
  if (text === "true" || text === "false") return text === "true" ? 1 : 0;
  return /^[-+]?[0-9]{1,40}$/.test(text) ? narrow(BigInt(text.replace("+", ""))) : undefined;
}

/** `{"hex": "…"}` */
function rawBytes(json: unknown): ByteString | undefined {
  if (typeof json !== "object" || json === null || !("hex" in json)) return undefined;
  const { hex } = json;
  if (typeof hex !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(hex)) return undefined;
  return hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16)));
}
