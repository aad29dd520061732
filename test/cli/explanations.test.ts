// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { explanations } from "../../daemon/cli/explanations.ts";
import { configDiagnosticTexts } from "../../daemon/config/diagnostic-texts.ts";
import { langDiagnosticTexts } from "../../daemon/lang/diagnostic-texts.ts";
import { policyDiagnosticTexts } from "../../daemon/policy/diagnostic-texts.ts";
import { ruleDiagnosticTexts } from "../../daemon/rules/diagnostic-texts.ts";
import { fileDiagnosticTexts, yamlDiagnosticTexts } from "../../daemon/text/diagnostic-texts.ts";
import { schemaDiagnosticTexts } from "../../daemon/text/schema.ts";

t.test("no two rooms use the same code for different things", (t) => {
  const tables = [
    fileDiagnosticTexts,
    yamlDiagnosticTexts,
    schemaDiagnosticTexts,
    configDiagnosticTexts,
    langDiagnosticTexts,
    ruleDiagnosticTexts,
    policyDiagnosticTexts,
  ];
  const codes = tables.flatMap((table) => Object.keys(table));
  t.strictSame([...new Set(codes)], codes);
  t.strictSame(Object.keys(explanations).sort(), [...codes].sort());
  t.end();
});
