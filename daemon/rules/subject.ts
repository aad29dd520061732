// SPDX-License-Identifier: Apache-2.0
import type { FieldCatalogue } from "../lang/field.ts";

/** What the rules of one source are judged over. */
export interface RuleSource<E> {
  /** The fields that rules may use; `evt.type` is among them. */
  readonly catalogue: FieldCatalogue<E>;
  /** Types of the events that occur, and that no rule can see others of; undefined when any may occur. */
  readonly eventTypes?: readonly string[];
  /** Its events in words: `exec events`. */
  readonly noun?: string;
}

/** What rules are judged over: events of type E. Itself it is the source `syscall`, which rules have unless they say. */
export interface RuleSubject<E> extends RuleSource<E> {
  /** What a rule's `source` may be beside that, by name. A rule is asked about events of its source only. */
  readonly others?: ReadonlyMap<string, RuleSource<E>>;
  /** The source of an event; absent where all are of the same. */
  readonly sourceOf?: (event: E) => string;
}

/** The source of rules that name none. */
export const defaultSource = "syscall";

/** The source of that name; undefined when it has no events here. */
export function sourceNamed<E>(
  subject: RuleSubject<E>,
  name: string | undefined,
): RuleSource<E> | undefined {
  return name === undefined || name === defaultSource ? subject : subject.others?.get(name);
}
