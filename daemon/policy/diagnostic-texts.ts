// SPDX-License-Identifier: Apache-2.0
import type { DiagnosticTexts } from "../text/diagnostic-texts.ts";

/** Codes of the faults that only show beside other files: rules, outputs, other policies. */
export const policyDiagnosticTexts = {
  "repeated-policy":
    "Two policies have the same name. Alerts name the policy, so names are unique.",
  "unknown-rule": "A policy names a rule that no rule file defines, so it would never do anything.",
  "unknown-tag": "A policy names a tag that no rule has, so it would never do anything.",
  "unknown-output": "A policy notifies an output that the configuration does not define.",
} as const satisfies DiagnosticTexts;
