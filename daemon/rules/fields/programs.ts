// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** What `programs` and `only_from_image` of allowlist.yaml say (ours). */
export const programFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  [
    "proc.allowlisted",
    "bool",
    "the programs of its container's allowlists have it; without a value where they name none",
    ({ program }) => program?.isAllowed,
  ],
  [
    "proc.allowlist_reason",
    "string",
    "why: listed, not-listed, not-from-image, unknown, unreadable or unseen",
    ({ program }) => program?.because,
  ],
]);

/** Fields without a value in containers whose programs nobody lists. */
export const programFieldNames: ReadonlySet<string> = new Set(
  programFields.map(({ name }) => name),
);
