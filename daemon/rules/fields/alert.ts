// SPDX-License-Identifier: Apache-2.0
import type { Alert, FieldValue } from "../../model/alert.ts";
import type { DockerEvent, ExecEvent } from "../../model/event.ts";
import { toByteString } from "../../util/byte-string.ts";
import {
  createCatalogue,
  type FieldCatalogue,
  type FieldReader,
  type FieldSpec,
  type Scalar,
  type Value,
} from "../../lang/field.ts";
import { eventOfAlert } from "../alert-event.ts";
import { dockerCatalogue, execCatalogue, placeFieldNames } from "./catalogue.ts";
import { plainFields } from "./define.ts";
import { rememberLast } from "./remember-last.ts";

const alertFields: readonly FieldSpec<Alert>[] = [
  ...plainFields<Alert>([
    ["alert.uuid", "string", "the alert's own id", ({ uuid }) => uuid],
    ["alert.rule", "string", "rule that matched", ({ rule }) => toByteString(rule)],
    ["alert.priority", "string", "priority of the rule", ({ priority }) => priority],
    ["alert.source", "string", "syscall or docker", ({ source }) => source],
    ["alert.verdict", "string", "allow or deny", ({ verdict }) => verdict],
    ["alert.held", "bool", "the exec waited for the decision", ({ isHeld }) => isHeld],
  ]),
  list("alert.tags", "tags of the rule", ({ tags }) => tags),
  list("alert.policies", "policies that applied", ({ policies }) =>
    policies.map(({ name }) => name),
  ),
  list("alert.actions", "actions and what came of them: pause:done", ({ outcomes }) =>
    outcomes.map(({ action, status }) => `${action.kind}:${status}`),
  ),
];

/** What of an exec every alert tells; of all other fields it has those that the rule's output names. */
const carriedNames: ReadonlySet<string> = new Set([
  ...placeFieldNames,
  ...["evt.type", "evt.source", "evt.hostname", "evt.time", "evt.time.s", "evt.time.iso8601"],
  ...["evt.datetime", "evt.datetime.s", "evt.rawtime", "evt.rawtime.s"],
  ...["proc.name", "proc.exe", "proc.exepath", "proc.cmdline", "proc.exeline", "proc.args"],
  ...["proc.cwd", "proc.tty", "proc.pid", "proc.vpid", "proc.ppid", "proc.pvpid"],
  ...["proc.pname", "proc.pexe", "proc.pexepath", "proc.pcmdline"],
  ...["proc.aname", "proc.aexe", "proc.aexepath", "proc.acmdline", "proc.apid"],
  ...["user.uid", "user.name", "user.loginuid", "user.loginname", "group.gid", "group.name"],
]);

const ownCatalogue = createCatalogue(alertFields);

/**
 * Fields of alerts, for filters: alert.*, what every alert tells of its event under the names that rules use, and of
 * all other rule fields those that the alert's rule prints; elsewhere those have no value.
 */
export const alertCatalogue: FieldCatalogue<Alert> = {
  names: () => [...ownCatalogue.names(), ...execCatalogue.names()],
  find(name) {
    const own = ownCatalogue.find(name);
    if (own !== undefined) return own;
    const exec = execCatalogue.find(name);
    if (exec === undefined) return undefined;
    const docker = dockerCatalogue.find(name);
    const { bind: _bind, ...spec } = exec.spec;
    const bind = (argument: string | undefined): FieldReader<Alert> =>
      readerOf({ exec: exec.spec, docker: docker?.spec, name: spec.name, argument });
    const found = { spec: { ...spec, bind } };
    return exec.dottedArgument === undefined
      ? found
      : { ...found, dottedArgument: exec.dottedArgument };
  },
};

interface Use {
  readonly exec: FieldSpec<ExecEvent>;
  readonly docker: FieldSpec<DockerEvent> | undefined;
  readonly name: string;
  readonly argument: string | undefined;
}

const eventOf = rememberLast((alert: Alert) => eventOfAlert(alert));

function readerOf({ exec, docker, name, argument }: Use): FieldReader<Alert> {
  const ofExec = carriedNames.has(name) ? exec.bind?.(argument) : undefined;
  const ofEngine = docker?.bind?.(argument);
  if (ofExec?.kind === "invalid-argument") return ofExec;
  const printedName = argument === undefined ? name : `${name}[${argument}]`;
  const one = (alert: Alert): Value | undefined => {
    const event = eventOf(alert);
    const value = event.kind === "exec" ? oneOf(ofExec, event) : oneOf(ofEngine, event);
    return value ?? valueOf(alert.fields[printedName]);
  };
  if (ofExec === undefined || ofExec.kind === "one") return { kind: "one", get: one };
  return {
    kind: "any",
    some(alert, test) {
      const event = eventOf(alert);
      return event.kind === "exec" && ofExec.some(event, test);
    },
    print: one,
  };
}

function oneOf<E>(reader: FieldReader<E> | undefined, event: E): Value | undefined {
  if (reader?.kind === "one") return reader.get(event);
  return reader?.kind === "any" ? reader.print(event) : undefined;
}

function valueOf(value: FieldValue | undefined): Value | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object") return scalarOf(value);
  return value.flatMap((item) =>
    item === null || typeof item === "object" ? [] : [scalarOf(item)],
  );
}

function scalarOf(value: string | number | bigint | boolean): Scalar {
  return typeof value === "string" ? toByteString(value) : value;
}

function list(
  name: string,
  description: string,
  get: (alert: Alert) => readonly string[],
): FieldSpec<Alert> {
  const read = (alert: Alert): readonly string[] => get(alert).map(toByteString);
  return {
    name,
    description,
    type: "string",
    isList: true,
    bind: () => ({ kind: "one", get: read }),
  };
}
