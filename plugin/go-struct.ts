// SPDX-License-Identifier: Apache-2.0
import { foldKey, isGoObject, type GoObject, type GoValue } from "./go-json.ts";

/** Told of each member that has two readings. */
export type Doubt = (kind: "duplicate-key" | "case-variant-key", detail: string) => void;

/**
 * Members that hold a map, not a struct: their keys are names of the user's own, which Go compares exactly. By folded
 * name, over all bodies of the engine's API.
 */
const maps: ReadonlySet<string> = new Set([
  ...["labels", "exposedports", "volumes", "portbindings", "sysctls", "storageopt", "tmpfs"],
  ...["annotations", "endpointsconfig", "driveropts", "options", "config", "auxiliaryaddresses"],
  ...["env", "attributes", "auths", "driveropts", "templatedriver", "reservations"],
]);

/** Reads a body as the struct that the engine decodes it into. */
export class GoStruct {
  readonly #members: ReadonlyMap<string, Member>;
  readonly #doubt: Doubt;

  constructor(value: GoValue | undefined, doubt: Doubt) {
    this.#doubt = doubt;
    this.#members = membersOf(isGoObject(value) ? [value] : []);
  }

  /** True when there is a member of that name that is not null. */
  has(name: string): boolean {
    return this.#valuesOf(name).some((value) => value !== null);
  }

  struct(name: string): GoStruct {
    const values = this.#valuesOf(name);
    return GoStruct.#merged(values, this.#doubt);
  }

  static #merged(values: readonly GoValue[], doubt: Doubt): GoStruct {
    const merged: GoObject = {
      members: sinceNull(values).flatMap((value) => (isGoObject(value) ? value.members : [])),
    };
    return new GoStruct(merged, doubt);
  }

  text(name: string): string {
    const value = this.#lastOf(name);
    return typeof value === "string" ? value : "";
  }

  flag(name: string): boolean {
    return this.#lastOf(name) === true;
  }

  number(name: string): number | undefined {
    const value = this.#lastOf(name);
    return typeof value === "number" ? value : undefined;
  }

  /** A list of texts, or one text alone, which some fields take as well (strslice.StrSlice). */
  texts(name: string): readonly string[] {
    const value = this.#lastOf(name);
    if (typeof value === "string") return [value];
    return Array.isArray(value) ? value.filter((item) => typeof item === "string") : [];
  }

  isList(name: string): boolean {
    return Array.isArray(this.#lastOf(name));
  }

  structs(name: string): readonly GoStruct[] {
    const value = this.#lastOf(name);
    if (!Array.isArray(value)) return [];
    return (value as readonly GoValue[]).map((item) => new GoStruct(item, this.#doubt));
  }

  /** A map of texts; of a repeated key the last value counts. */
  map(name: string): Readonly<Record<string, string>> {
    const entries = sinceNull(this.#valuesOf(name)).flatMap((value) =>
      isGoObject(value) ? value.members : [],
    );
    return Object.fromEntries(
      entries.flatMap(([key, value]) => (typeof value === "string" ? [[key, value]] : [])),
    );
  }

  /** The keys of a map. */
  keys(name: string): readonly string[] {
    return this.#valuesOf(name).flatMap((value) =>
      isGoObject(value) ? value.members.map(([key]) => key) : [],
    );
  }

  #lastOf(name: string): GoValue | undefined {
    // null leaves a plain field as it was, and empties a list: what is kept here is the worse of both.
    return this.#valuesOf(name).findLast((value) => value !== null);
  }

  #valuesOf(name: string): readonly GoValue[] {
    const member = this.#members.get(foldKey(name));
    if (member === undefined) return [];
    const other = member.keys.find((key) => key !== name);
    if (other !== undefined && member.keys.length === 1) {
      this.#doubt("case-variant-key", `"${other}" stands for "${name}"`);
    }
    return member.values;
  }
}

interface Member {
  readonly keys: string[];
  readonly values: GoValue[];
}

function membersOf(objects: readonly GoObject[]): ReadonlyMap<string, Member> {
  const members = new Map<string, Member>();
  for (const [key, value] of objects.flatMap((object) => object.members)) {
    const folded = foldKey(key);
    const member = members.get(folded) ?? { keys: [], values: [] };
    member.keys.push(key);
    member.values.push(value);
    members.set(folded, member);
  }
  return members;
}

/** A null behind an object takes it away again where the field is a pointer. Kept: what stands before it may hold too. */
function sinceNull(values: readonly GoValue[]): readonly GoValue[] {
  return values.filter((value) => value !== null);
}

/** Tells of every key that stands twice in one object, whatever it is called, in any case where Go does not mind it. */
export function findDuplicates(value: GoValue | undefined, doubt: Doubt, isMap = false): void {
  if (Array.isArray(value)) {
    for (const item of value as readonly GoValue[]) findDuplicates(item, doubt);
    return;
  }
  if (!isGoObject(value)) return;
  const seen = new Map<string, string>();
  for (const [key, member] of value.members) {
    const name = isMap ? key : foldKey(key);
    const before = seen.get(name);
    if (before === key) doubt("duplicate-key", `"${key}" stands there twice`);
    else if (before !== undefined) doubt("case-variant-key", `"${before}" and "${key}"`);
    seen.set(name, key);
    findDuplicates(member, doubt, !isMap && maps.has(foldKey(key)));
  }
}
