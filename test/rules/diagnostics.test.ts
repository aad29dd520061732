// What a person is shown of wrong rule files, whole: wrong/NAME.yaml is answered by wrong/NAME.txt, and for some by
// NAME.json. Run with UPDATE_GOLDEN=1 to write the answers anew, and read the difference before it is committed.
// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { loadRules } from "../../daemon/rules/load.ts";
import { diagnosticsToJson, renderDiagnostics } from "../../daemon/text/render.ts";

const directory = fileURLToPath(new URL("wrong/", import.meta.url));
const isUpdating = process.env["UPDATE_GOLDEN"] === "1";

const cases: readonly (readonly string[])[] = [
  ["macros"],
  ["lists"],
  ["texts"],
  ["entries"],
  ["exceptions"],
  ["sources"],
  ["appended-to", "appended"],
  ["slips"],
  ["tab"],
  ["indentation"],
  ["quote"],
  ["colon"],
];

for (const names of cases) {
  const last = names.at(-1) ?? "";
  t.test(last, (t) => {
    const files = names.map((name) => ({
      name: `${name}.yaml`,
      text: readFileSync(join(directory, `${name}.yaml`), "utf8"),
    }));
    const { diagnostics } = loadRules({ files });
    const json = `${JSON.stringify(diagnosticsToJson(diagnostics), undefined, 1)}\n`;
    checkGolden(t, `${last}.txt`, renderDiagnostics(diagnostics));
    if (existsSync(join(directory, `${last}.json`))) checkGolden(t, `${last}.json`, json);
    t.end();
  });
}

function checkGolden(t: Tap, name: string, actual: string): void {
  const path = join(directory, name);
  if (isUpdating) writeFileSync(path, actual);
  t.equal(actual, readFileSync(path, "utf8"), name);
}

type Tap = Pick<typeof t, "equal">;
