// SPDX-License-Identifier: Apache-2.0
import type { DockerEvent, Event, ExecEvent, Occurrence, Place } from "../../model/event.ts";
import {
  createCatalogue,
  type FieldCatalogue,
  type FieldSpec,
  type PrintStyle,
} from "../../lang/field.ts";
import { defaultSource, type RuleSubject } from "../subject.ts";
import { ancestorFields } from "./ancestor.ts";
import { capabilityFields } from "./capability.ts";
import { containerFields, containerTimeFields } from "./container.ts";
import {
  dockerFields as toldFields,
  dockerSource,
  engineEventType,
  requestEventType,
} from "./docker.ts";
import { requestFields } from "./docker-request.ts";
import { clientFields } from "./docker-client.ts";
import { identityFields } from "./identity.ts";
import { eventFields, occurrenceFields } from "./event.ts";
import { executableFields } from "./executable.ts";
import { allowlistFields, hostFields, imageFields, kubernetesFields } from "./place.ts";
import { originFields } from "./origin.ts";
import { processFields } from "./process.ts";
import { programFields } from "./programs.ts";
import { emptyFields } from "./unfilled.ts";
import { userFields } from "./user.ts";
import { viewFields } from "./views.ts";

const placeFields: readonly FieldSpec<Place>[] = [
  ...containerFields,
  ...imageFields,
  ...hostFields,
  ...allowlistFields,
];

const commonFields: readonly FieldSpec<Occurrence>[] = [
  ...occurrenceFields,
  ...placeFields,
  ...containerTimeFields,
  ...kubernetesFields,
  ...clientFields,
];

const execFields: readonly FieldSpec<ExecEvent>[] = [
  ...eventFields,
  ...processFields,
  ...ancestorFields,
  ...executableFields,
  ...identityFields,
  ...programFields,
  ...viewFields,
  ...capabilityFields,
  ...userFields,
  ...originFields,
];

const dockerFields: readonly FieldSpec<DockerEvent>[] = [...toldFields, ...requestFields];

/** Fields that outputs do not show as they are. */
const printStyles: ReadonlyMap<string, PrintStyle> = new Map<string, PrintStyle>([
  ["evt.time", "time"],
  ["evt.time.s", "time"],
  ["evt.time.iso8601", "time"],
  ["evt.datetime", "time"],
  ["evt.datetime.s", "time"],
  ["evt.rawtime.ns", "padded"],
  ["evt.reltime.ns", "padded"],
  ["evt.deltatime.ns", "padded"],
  ["evt.latency.ns", "padded"],
  ["fd.dev", "hex"],
]);

function styled<E>(fields: readonly FieldSpec<E>[]): readonly FieldSpec<E>[] {
  return fields.map((field) => {
    const print = printStyles.get(field.name);
    return print === undefined ? field : { ...field, print };
  });
}

/** Every field that rules may use, in the order of their classes; names that several sources have are there once. */
export const ruleFields: readonly FieldSpec<never>[] = styled<never>([
  ...execFields,
  ...commonFields,
  ...emptyFields,
  ...without(dockerFields, execFields),
]);

/** Names of the fields that tell where something happened. */
export const placeFieldNames: readonly string[] = [
  ...placeFields,
  ...containerTimeFields,
  ...kubernetesFields,
].map(({ name }) => name);

// A rule may name the fields of every source; those of another one than its own have no value.
/** Fields of execs. */
export const execCatalogue: FieldCatalogue<ExecEvent> = createCatalogue<ExecEvent>(
  styled<ExecEvent>([
    ...execFields,
    ...commonFields,
    ...emptyFields,
    ...without(dockerFields, execFields).map(withoutValue),
  ]),
);

/** Fields of what the engine told, and of what it is asked. */
export const dockerCatalogue: FieldCatalogue<DockerEvent> = createCatalogue<DockerEvent>(
  styled<DockerEvent>([
    ...dockerFields,
    ...commonFields,
    ...emptyFields,
    ...without(execFields, dockerFields).map(withoutValue),
  ]),
);

/** What the daemon's rules are judged over. */
export const liveSubject: RuleSubject<Event> = {
  catalogue: forRulesOfSource(execCatalogue),
  eventTypes: ["execve", "execveat"],
  noun: "exec events",
  others: new Map([
    [
      dockerSource,
      {
        catalogue: forRulesOfSource(dockerCatalogue),
        eventTypes: [engineEventType, requestEventType],
        noun: "docker events",
      },
    ],
  ]),
  sourceOf: ({ kind }) => (kind === "exec" ? defaultSource : dockerSource),
};

/**
 * The catalogue of one source as one over all events, so that the hot path need not ask for the kind with each field.
 * Sound as long as rules are asked about events of their own source only, which is what a ruleset does.
 */
function forRulesOfSource<E extends Event>(catalogue: FieldCatalogue<E>): FieldCatalogue<Event> {
  return catalogue as unknown as FieldCatalogue<Event>;
}

function without<A, B>(
  specs: readonly FieldSpec<A>[],
  others: readonly FieldSpec<B>[],
): readonly FieldSpec<A>[] {
  const names = new Set(others.map(({ name }) => name));
  return specs.filter(({ name }) => !names.has(name));
}

/** The same name and type; nothing reads a value. */
function withoutValue<E>({ bind: _bind, ...spec }: FieldSpec<E>): FieldSpec<unknown> {
  return spec;
}

/** Fields that scopes may use. */
export const scopeCatalogue: FieldCatalogue<Place> = {
  ...createCatalogue(placeFields),
  explain: (name) =>
    execCatalogue.find(name) === undefined
      ? undefined
      : "a scope knows where, not what: container., image. and host. fields only",
};

/** A field as `rules fields` shows it. */
export interface FieldInfo {
  readonly name: string;
  readonly type: string;
  readonly description: string;
}

/** All fields that rules may use, in the order of their classes. */
export function listFields(): readonly FieldInfo[] {
  return ruleFields.map(({ name, type, description, isList }) => ({
    name,
    type: isList === true ? `list of ${type}` : type,
    description,
  }));
}
