// SPDX-License-Identifier: Apache-2.0
import { err, ok, type Result } from "../../util/result.ts";

const key = "authorization-plugins";

/** What is to be written; undefined where the file says so already. */
export interface DaemonJsonChange {
  readonly text: string | undefined;
  /** The plugins that the engine asks then, in order. */
  readonly plugins: readonly string[];
}

/**
 * Puts a plugin into the engine's daemon.json, or takes it out; everything else stays, in its order. The error says what
 * is wrong with the file, which the engine could not read either.
 */
export function editDaemonJson(
  text: string,
  change: { readonly name: string; readonly isEnabled: boolean },
): Result<DaemonJsonChange> {
  const parsed = parse(text);
  if (!parsed.ok) return parsed;
  const before = parsed.value[key] ?? [];
  if (!isTexts(before))
    return err(new Error(`cannot change "${key}": expected a list of names there`));
  const others = before.filter((name) => name !== change.name);
  const plugins = change.isEnabled ? [...others, change.name] : others;
  if (before.length === plugins.length) return ok({ text: undefined, plugins: before });
  const { [key]: _before, ...rest } = parsed.value;
  const next = plugins.length === 0 ? rest : { ...rest, [key]: plugins };
  return ok({ text: `${JSON.stringify(next, undefined, 2)}\n`, plugins });
}

function parse(text: string): Result<Readonly<Record<string, unknown>>> {
  if (text.trim() === "") return ok({});
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value))
      return ok({ ...value });
    return err(new Error("cannot read it: expected an object"));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    return err(new Error(`cannot read it: ${why}`, { cause }));
  }
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
