// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent, Place } from "../../model/event.ts";
import { createCatalogue, type FieldCatalogue, type FieldSpec } from "../../lang/field.ts";
import type { RuleSubject } from "../subject.ts";
import { ancestorFields } from "./ancestor.ts";
import { capabilityFields } from "./capability.ts";
import { containerFields, containerTimeFields } from "./container.ts";
import { eventFields } from "./event.ts";
import { executableFields } from "./executable.ts";
import { allowlistFields, hostFields, imageFields, kubernetesFields } from "./place.ts";
import { processFields } from "./process.ts";
import { emptyFields } from "./unfilled.ts";
import { userFields } from "./user.ts";

const placeFields: readonly FieldSpec<Place>[] = [
  ...containerFields,
  ...imageFields,
  ...hostFields,
  ...allowlistFields,
];

/** Every field that rules may use, in the order of their classes. */
export const ruleFields: readonly FieldSpec<ExecEvent>[] = [
  ...eventFields,
  ...processFields,
  ...ancestorFields,
  ...executableFields,
  ...capabilityFields,
  ...userFields,
  ...placeFields,
  ...containerTimeFields,
  ...kubernetesFields,
  ...emptyFields,
];

/** Fields that rules may use. */
const ruleCatalogue: FieldCatalogue<ExecEvent> = createCatalogue(ruleFields);

/** What the daemon's rules are judged over. */
export const liveSubject: RuleSubject<ExecEvent> = {
  catalogue: ruleCatalogue,
  eventTypes: ["execve", "execveat"],
};

/** Fields that scopes may use. */
export const scopeCatalogue: FieldCatalogue<Place> = {
  ...createCatalogue(placeFields),
  explain: (name) =>
    ruleCatalogue.find(name) === undefined
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
