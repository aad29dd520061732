// SPDX-License-Identifier: Apache-2.0
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { loadRules } from "../../daemon/rules/load.ts";

const directory = process.env["EXECWARDEN_FALCO_RULES"];
const skip =
  directory === undefined &&
  "name a directory of Falco's rule files in EXECWARDEN_FALCO_RULES to load them all";

/** Entries of a kind, as they are written in the files: one definition each. */
function count(text: string, kind: "rule" | "macro" | "list"): number {
  const names = [...text.matchAll(new RegExp(`^[- ] ${kind} *: *(.*?) *$`, "gm"))];
  return new Set(names.map(([, name]) => name)).size;
}

t.test("Falco's own files load without an error, and whole", { skip }, (t) => {
  const path = directory ?? "";
  for (const name of readdirSync(path).filter((file) => file.endsWith(".yaml"))) {
    const text = readFileSync(join(path, name), "utf8");
    const { ruleset, collection, diagnostics } = loadRules({ files: [{ name, text }] });
    t.same(
      diagnostics.filter(({ severity }) => severity === "error"),
      [],
      name,
    );
    t.equal(ruleset?.rules.length, count(text, "rule"), `${name}: rules`);
    t.equal(collection.macros.size, count(text, "macro"), `${name}: macros`);
    t.equal(collection.lists.size, count(text, "list"), `${name}: lists`);
  }
  t.end();
});
