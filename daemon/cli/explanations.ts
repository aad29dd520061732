// SPDX-License-Identifier: Apache-2.0
import { configDiagnosticTexts } from "../config/diagnostic-texts.ts";
import { langDiagnosticTexts } from "../lang/diagnostic-texts.ts";
import { policyDiagnosticTexts } from "../policy/diagnostic-texts.ts";
import { ruleDiagnosticTexts } from "../rules/diagnostic-texts.ts";
import {
  fileDiagnosticTexts,
  yamlDiagnosticTexts,
  type DiagnosticTexts,
} from "../text/diagnostic-texts.ts";
import { schemaDiagnosticTexts } from "../text/schema.ts";

/** What each code of a diagnostic means, from the tables of all rooms; codes are unique. */
export const explanations: DiagnosticTexts = {
  ...fileDiagnosticTexts,
  ...yamlDiagnosticTexts,
  ...schemaDiagnosticTexts,
  ...configDiagnosticTexts,
  ...langDiagnosticTexts,
  ...ruleDiagnosticTexts,
  ...policyDiagnosticTexts,
};
