// SPDX-License-Identifier: Apache-2.0
import { z } from "zod";
import { assert } from "../util/assert.ts";
import { parseByteSize } from "../util/byte-size.ts";
import { parseDurationMs } from "../util/duration.ts";
import { hasErrors, sortDiagnostics, type Diagnostic } from "./diagnostic.ts";
import type { DiagnosticTexts } from "./diagnostic-texts.ts";
import type { JsonSchema } from "./json-schema.ts";
import { readIssues, type SchemaIssue } from "./schema-issue.ts";
import type { Source } from "./source.ts";
import type { YamlNode } from "./yaml-node.ts";
import { findRepeatedKeys, plainValue } from "./yaml-path.ts";
import { readYaml } from "./yaml.ts";

/** The schema library; this file is the only one that imports it. */
export { z };

/** Codes of the faults that a schema finds. */
export const schemaDiagnosticTexts = {
  "unknown-key": "A key that this kind of file does not have at this place.",
  "missing-key": "A key that must be there is not, or has no value.",
  "wrong-value": "A value of the wrong kind, or outside what is allowed at this place.",
  "wrong-key": "A key, at a place where names are free, that cannot be such a name.",
  "repeated-key": "One map has the same key twice. Neither of them is used.",
} as const satisfies DiagnosticTexts;

/** A file read by a schema. With errors among the diagnostics there is no value. */
export interface SchemaResult<T> {
  readonly value?: T;
  /** The document's tree; absent when the file is not YAML. */
  readonly root?: YamlNode;
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Reads a YAML file by a schema and reports every fault at its own place. An empty file is an empty map.
 * A schema's own `error` text takes part in the message: it is either whole ("cannot …"), or says what was
 * expected ("expected a name of letters").
 */
export function readWithSchema<T>(source: Source, schema: z.ZodType<T>): SchemaResult<T> {
  const { documents, diagnostics } = readYaml(source);
  if (hasErrors(diagnostics)) return { diagnostics };
  const [root] = documents;
  assert(root !== undefined, "YAML without errors has a document, if an empty one");
  const parsed = schema.safeParse(plainValue(root) ?? {}, { error: () => "" });
  const jsonSchema = (): JsonSchema => toJsonSchema(schema);
  const issues: readonly SchemaIssue[] = parsed.success ? [] : parsed.error.issues;
  const faults = readIssues(issues, { root, jsonSchema });
  const all = sortDiagnostics([...diagnostics, ...findRepeatedKeys(root), ...faults]);
  return {
    root,
    diagnostics: all,
    ...(parsed.success && !hasErrors(all) ? { value: parsed.data } : {}),
  };
}

/** The JSON Schema (2020-12) of what may be written, for editors. */
export function toJsonSchema(schema: z.ZodType): z.core.JSONSchema.BaseSchema {
  return z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
}

/** Text such as `250ms`, read as milliseconds. Bounds are durations too, both inclusive. */
export function duration(bounds: { readonly min: string; readonly max: string }): DurationSchema {
  const minMs = parseDurationMs(bounds.min);
  const maxMs = parseDurationMs(bounds.max);
  assert(minMs !== undefined && maxMs !== undefined, "the bounds of a duration are durations");
  const expected = `expected a duration from ${bounds.min} to ${bounds.max}, such as ${bounds.max}`;
  return z
    .string({ error: expected })
    .meta({ pattern: "^[0-9]{1,9}(ms|s|m|h)$" })
    .transform((text, context) => {
      const milliseconds = parseDurationMs(text);
      if (milliseconds !== undefined && milliseconds >= minMs && milliseconds <= maxMs)
        return milliseconds;
      context.addIssue({ code: "custom", message: expected });
      return z.NEVER;
    });
}

/** Text such as `64MiB`, read as bytes. Bounds are sizes too, both inclusive. */
export function byteSize(bounds: { readonly min: string; readonly max: string }): ByteSizeSchema {
  const [min, max] = [parseByteSize(bounds.min), parseByteSize(bounds.max)];
  assert(min !== undefined && max !== undefined, "the bounds of a size are sizes");
  const expected = `expected a size from ${bounds.min} to ${bounds.max}, such as ${bounds.max}`;
  return z
    .string({ error: expected })
    .meta({ pattern: "^[0-9]{1,6}(B|KiB|MiB|GiB)$" })
    .transform((text, context) => {
      const bytes = parseByteSize(text);
      if (bytes !== undefined && bytes >= min && bytes <= max) return bytes;
      context.addIssue({ code: "custom", message: expected });
      return z.NEVER;
    });
}

/** Durations as text in, milliseconds out. */
export type DurationSchema = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>;

/** Sizes as text in, bytes out. */
export type ByteSizeSchema = z.ZodPipe<z.ZodString, z.ZodTransform<number, string>>;
