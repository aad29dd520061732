// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../../util/byte-string.ts";
import type { ExecEvent } from "../../model/event.ts";
import type { ArgumentForm, FieldReader, FieldSpec, Scalar } from "../../lang/field.ts";
import { narrow } from "../../lang/literal.ts";
import { capabilityNames } from "./capability.ts";
import { indexOf, plainFields, readOne } from "./define.ts";
import { executable, isExeWritable } from "./executable.ts";
import { parameterTypes } from "./parameters.ts";
import { argumentLine } from "./process.ts";

/** One parameter of an event: its native value, and its text where that is not the value printed. */
interface Parameter {
  readonly name: string;
  readonly raw: (event: ExecEvent) => Scalar | undefined;
  readonly text?: (event: ExecEvent) => ByteString | undefined;
}

/** The parameters of an execve or execveat that has ended, in falco's order; `evt.arg[N]` counts them from 0. */
const parameters: readonly Parameter[] = [
  { name: "res", raw: () => 0 },
  { name: "exe", raw: ofArgv(({ process }) => process.exe) },
  {
    name: "args",
    raw: ofArgv(({ process }) => process.argv.slice(1).join("\0")),
    text: ofArgv(({ process }) => argumentLine(process)),
  },
  { name: "tid", raw: ({ tid }) => tid },
  { name: "pid", raw: ({ process }) => process.pid },
  { name: "ptid", raw: ({ process }) => process.ppid },
  { name: "cwd", raw: ({ process }) => process.cwd },
  ...unknown("fdlimit pgft_maj pgft_min vm_size vm_rss vm_swap"),
  { name: "comm", raw: ({ process }) => process.comm },
  ...unknown("cgroups"),
  {
    name: "env",
    raw: ({ process }) => process.env.join("\0"),
    text: ({ process }) => process.env.join(" "),
  },
  { name: "tty", raw: ({ process }) => process.tty },
  { name: "pgid", raw: ({ process }) => process.pgid },
  { name: "loginuid", raw: ({ process }) => process.loginuid ?? -1 },
  {
    name: "flags",
    raw: (event) => (isExeWritable(event) ? 1 : 0),
    text: (event) => (isExeWritable(event) ? "EXE_WRITABLE" : "0"),
  },
  capability("cap_inheritable", ({ process }) => process.capInheritable),
  capability("cap_permitted", ({ process }) => process.capPermitted),
  capability("cap_effective", ({ process }) => process.capEffective),
  { name: "exe_ino", raw: (event) => narrow(executable(event).inode) },
  { name: "exe_ino_ctime", raw: (event) => executable(event).ctimeNs },
  { name: "exe_ino_mtime", raw: (event) => executable(event).mtimeNs },
  { name: "uid", raw: ({ process }) => process.uid },
  { name: "trusted_exepath", raw: ({ process }) => process.exepath },
];

const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));

/** evt.arg, evt.rawarg, evt.args and evt.info of an exec. */
export const execArgumentFields: readonly FieldSpec<ExecEvent>[] = [
  {
    name: "evt.arg",
    type: "string",
    description: "one argument of the call as text, by name or by its place",
    argument: "required",
    isDotted: true,
    bind: (argument = "", form = "dotted") => readParameter({ argument, form }, textOf),
  },
  {
    name: "evt.rawarg",
    type: "dynamic",
    description: "one argument of the call in its own type, by name",
    argument: "required",
    isDotted: true,
    refusesTransformers: true,
    refusesRightFields: true,
    membership: "never",
    typeOf: (argument) => parameterTypes.get(argument),
    bind: (argument = "", form = "dotted") =>
      readParameter({ argument, form }, ({ raw }, event) => raw(event)),
  },
  ...plainFields<ExecEvent>([
    ["evt.args", "string", "all arguments of the call, name=value joined by blanks", allText, 20],
    ["evt.info", "string", "the same as evt.args", allText, 20],
  ]),
];

function readParameter(
  { argument, form }: { readonly argument: ByteString; readonly form: ArgumentForm },
  read: (parameter: Parameter, event: ExecEvent) => Scalar | undefined,
): FieldReader<ExecEvent> {
  const index = indexOf(argument);
  if (form === "bracketed" && index === undefined) {
    return { kind: "invalid-argument", expected: "a number" };
  }
  if (form === "dotted" && !parameterTypes.has(argument)) {
    return { kind: "invalid-argument", expected: "a parameter of any event" };
  }
  const parameter =
    form === "bracketed" && index !== undefined ? parameters[index] : byName.get(argument);
  return readOne((event) => (parameter === undefined ? undefined : read(parameter, event)));
}

function textOf({ raw, text }: Parameter, event: ExecEvent): ByteString | undefined {
  if (text !== undefined) return text(event);
  const value = raw(event);
  return value === undefined ? undefined : String(value);
}

function allText(event: ExecEvent): ByteString {
  return parameters
    .flatMap((parameter) => {
      const text = textOf(parameter, event);
      return text === undefined ? [] : [`${parameter.name}=${text}`];
    })
    .join(" ");
}

function ofArgv(
  read: (event: ExecEvent) => ByteString,
): (event: ExecEvent) => ByteString | undefined {
  return (event) => (event.isArgvKnown ? read(event) : undefined);
}

function unknown(names: string): readonly Parameter[] {
  return names.split(" ").map((name) => ({ name, raw: () => undefined }));
}

function capability(name: string, get: (event: ExecEvent) => bigint | undefined): Parameter {
  return {
    name,
    raw: get,
    text: (event) => capabilityNames(get(event)),
  };
}
