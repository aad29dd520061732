// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { Checked, CheckedLeaf } from "./checked.ts";

/** One text that a field may be equal to, or begin with. */
export interface Alternative {
  readonly kind: "equal" | "prefix";
  readonly text: ByteString;
}

/** What a text field must be like before a condition can hold: like one of the alternatives. */
export interface Guard {
  readonly field: string;
  readonly alternatives: readonly Alternative[];
}

type Guards = ReadonlyMap<string, readonly Alternative[]>;

/** More alternatives than this are not worth an index. */
const alternativesMax = 2_000;
const noGuards: Guards = new Map();

/** Finds guards; parts that conditions share (macros) are looked at once. */
export interface GuardFinder<E> {
  /** The guard on a wanted field with the fewest alternatives; undefined when there is none, as for `not …`. */
  guardOf(checked: Checked<E>): Guard | undefined;
}

/** A finder of guards on the fields given. */
export function createGuardFinder<E>(fields: ReadonlySet<string>): GuardFinder<E> {
  const known = new Map<Checked<E>, Guards>();
  const guardsOf = (checked: Checked<E>): Guards => {
    const guards = known.get(checked) ?? find(checked);
    known.set(checked, guards);
    return guards;
  };
  const find = (checked: Checked<E>): Guards => {
    switch (checked.kind) {
      case "constant":
      case "not":
        return noGuards;
      case "leaf":
        return ofLeaf(checked, fields);
      case "and":
        return ofAll(checked.operands.map(guardsOf));
      case "or":
        return ofAny(checked.operands.map(guardsOf));
    }
  };
  return {
    guardOf(checked) {
      let best: Guard | undefined;
      for (const [field, alternatives] of guardsOf(checked)) {
        if (best === undefined || alternatives.length < best.alternatives.length) {
          best = { field, alternatives };
        }
      }
      return best;
    },
  };
}

function ofLeaf<E>({ bound, prefix }: CheckedLeaf<E>, fields: ReadonlySet<string>): Guards {
  if (prefix !== undefined && prefix.text !== "" && fields.has(prefix.field)) {
    return new Map([[prefix.field, [{ kind: "prefix", text: prefix.text }]]]);
  }
  if (bound === undefined || !fields.has(bound.field)) return noGuards;
  if (bound.values.size > alternativesMax) return noGuards;
  const equals = [...bound.values].map((text): Alternative => ({ kind: "equal", text }));
  return new Map([[bound.field, equals]]);
}

/** Each part must hold: of two guards on one field, the smaller one will do. */
function ofAll(parts: readonly Guards[]): Guards {
  const all = new Map<string, readonly Alternative[]>();
  for (const guards of parts) {
    for (const [field, alternatives] of guards) {
      const known = all.get(field);
      if (known === undefined || alternatives.length < known.length) all.set(field, alternatives);
    }
  }
  return all;
}

/** One part must hold: only a field that every part guards is guarded. */
function ofAny([first = noGuards, ...rest]: readonly Guards[]): Guards {
  const any = new Map<string, readonly Alternative[]>();
  for (const field of first.keys()) {
    const lists = [first, ...rest].map((guards) => guards.get(field));
    const count = lists.reduce((sum, list) => sum + (list?.length ?? Infinity), 0);
    if (count <= alternativesMax)
      any.set(
        field,
        lists.flatMap((list) => list ?? []),
      );
  }
  return any;
}
