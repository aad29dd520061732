// docs/bypasses.md ends with the table of techniques that are tried: the same rows, with the same outcome, as the test
// has. Starts no engine.
// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import t from "tap";
import { techniques } from "./techniques.ts";

const documentFile = fileURLToPath(new URL("../../docs/bypasses.md", import.meta.url));
const heading = "## Every row of the test";

/** The cells of the table below the heading, without its head; up to the next section. */
function documentedRows(markdown: string): readonly (readonly string[])[] {
  const lines = markdown.split("\n");
  const start = lines.indexOf(heading) + 1;
  if (start === 0) throw new Error(`docs/bypasses.md has no section "${heading}"`);
  const section = lines.slice(start);
  const end = section.findIndex((line) => line.startsWith("## "));
  return section
    .slice(0, end < 0 ? undefined : end)
    .filter((line) => line.startsWith("|"))
    .slice(2)
    .map((line) =>
      line
        .split("|")
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

t.test("the document has the rows of the test, with the same outcome", (t) => {
  const tried = techniques.map(({ name, expected }) => [name, expected]);
  const documented = documentedRows(readFileSync(documentFile, "utf8"));
  t.strictSame(
    documented.map(([name, outcome]) => [name, outcome]),
    tried,
  );
  t.end();
});

t.test("no two rows have the same name", (t) => {
  const names = techniques.map(({ name }) => name);
  t.strictSame(
    names.filter((name, index) => names.indexOf(name) !== index),
    [],
  );
  t.end();
});
