// SPDX-License-Identifier: Apache-2.0
import type { YamlPath } from "./yaml-path.ts";

/** The part of a JSON Schema (2020-12) that says which keys a map may have. */
export type JsonSchema =
  | boolean
  | {
      readonly properties?: Readonly<Record<string, JsonSchema>>;
      readonly additionalProperties?: JsonSchema;
      readonly items?: JsonSchema | readonly JsonSchema[];
      readonly anyOf?: readonly JsonSchema[];
      readonly oneOf?: readonly JsonSchema[];
      readonly allOf?: readonly JsonSchema[];
      readonly not?: JsonSchema;
    };

/** The keys that may stand in the map at a path; those that are only known to be refused are left out. */
export function keysAt(schema: JsonSchema, path: YamlPath): readonly string[] {
  let schemas = alternatives(schema);
  for (const step of path) schemas = schemas.flatMap((one) => descend(one, step));
  const keys = schemas.flatMap((one) => Object.entries(propertiesOf(one)));
  return keys.filter(([, value]) => !isRefused(value)).map(([key]) => key);
}

function descend(schema: JsonSchema, step: string | number): readonly JsonSchema[] {
  if (typeof schema === "boolean") return [];
  const next =
    typeof step === "number"
      ? schema.items
      : (propertiesOf(schema)[step] ?? schema.additionalProperties);
  if (next === undefined) return [];
  return (isList(next) ? next : [next]).flatMap(alternatives);
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  if (typeof schema === "boolean") return [schema];
  const { anyOf = [], oneOf = [], allOf = [] } = schema;
  return [schema, ...[...anyOf, ...oneOf, ...allOf].flatMap(alternatives)];
}

function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return typeof schema === "boolean" ? {} : (schema.properties ?? {});
}

function isRefused(schema: JsonSchema): boolean {
  return schema === false || (typeof schema === "object" && schema.not !== undefined);
}

function isList(value: JsonSchema | readonly JsonSchema[]): value is readonly JsonSchema[] {
  return Array.isArray(value);
}
