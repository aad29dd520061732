// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../../util/byte-string.ts";
import type { ExecEvent } from "../../model/event.ts";
import type { Process } from "../../model/process.ts";
import type { FieldReader, FieldSpec, Getter, Scalar } from "../../lang/field.ts";
import { indexOf, readOne } from "./define.ts";

/** How one fact is read of any process of the ancestry. */
export interface AncestorFact {
  readonly name: string;
  readonly type: "string" | "i64";
  readonly description: string;
  readonly get: (process: Process) => Scalar | undefined;
  /** What outputs show without an index, when it is not all values joined by blanks. */
  readonly print?: Getter<ExecEvent>;
}

/**
 * A field over the ancestry: `[N]` is one process (0 the process itself, 1 its parent); without an argument a check
 * holds when it holds for any ancestor.
 */
export function ancestorField(fact: AncestorFact): FieldSpec<ExecEvent> {
  const { name, type, description, get } = fact;
  return {
    name,
    type,
    description,
    argument: "optional",
    refusesTransformers: true,
    refusesRightFields: true,
    cost: 6,
    bind: (argument) => {
      if (argument === undefined) return anyAncestor(fact);
      const index = indexOf(argument);
      if (index === undefined) return { kind: "invalid-argument", expected: "a number" };
      return readOne(({ process }) => {
        const ancestor = findAncestor(process, index);
        return ancestor === undefined ? undefined : get(ancestor);
      });
    },
  };
}

/** Asks every ancestor; prints all values, joined by blanks. */
export function anyAncestor(fact: AncestorFact): FieldReader<ExecEvent> {
  const { get } = fact;
  return {
    kind: "any",
    some: ({ process }, test) => {
      for (let at = process.parent; at !== undefined; at = at.parent) {
        const value = get(at);
        if (value !== undefined && test(value)) return true;
      }
      return false;
    },
    print:
      fact.print ??
      (({ process }) => {
        const values: ByteString[] = [];
        for (let at = process.parent; at !== undefined; at = at.parent) {
          values.push(String(get(at) ?? ""));
        }
        return values.length === 0 ? undefined : values.join(" ");
      }),
  };
}

/** The process `levels` above; undefined beyond the root. */
export function findAncestor(process: Process, levels: number): Process | undefined {
  let at: Process | undefined = process;
  for (let level = 0; level < levels && at !== undefined; level++) at = at.parent;
  return at;
}

/** The nearest process, itself first, that a question holds for. */
export function findProcess(
  process: Process,
  isWanted: (candidate: Process) => boolean,
): Process | undefined {
  let at: Process | undefined = process;
  while (at !== undefined && !isWanted(at)) at = at.parent;
  return at;
}
