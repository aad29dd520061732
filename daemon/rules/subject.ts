// SPDX-License-Identifier: Apache-2.0
import type { FieldCatalogue } from "../lang/field.ts";

/** What rules are judged over: events of type E. */
export interface RuleSubject<E> {
  /** The fields that rules may use; `evt.type` is among them. */
  readonly catalogue: FieldCatalogue<E>;
  /** Types of the events that occur, and that no rule can see others of; undefined when any may occur. */
  readonly eventTypes?: readonly string[];
}
