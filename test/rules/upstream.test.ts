// SPDX-License-Identifier: Apache-2.0
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { recordSubject } from "../../daemon/rules/fields/record.ts";
import { loadRules } from "../../daemon/rules/load.ts";
import { readRuleFile } from "../../daemon/rules/read.ts";
import { SequentialLoader } from "../../daemon/rules/sequential.ts";

const beside = fileURLToPath(new URL("../../../shared/data/falco-rules", import.meta.url));
const named = process.env["EXECWARDEN_UPSTREAM_RULES"];
const directory = named ?? (existsSync(beside) ? beside : undefined);
const skip =
  directory === undefined &&
  "name a directory of Falco's rule files in EXECWARDEN_UPSTREAM_RULES to load them all";

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

t.test("they load together, in the order of their maturity", { skip }, (t) => {
  const path = directory ?? "";
  const order = ["falco_rules", "falco-incubating", "falco-sandbox", "falco-deprecated"];
  const names = readdirSync(path).filter((file) => file.endsWith(".yaml"));
  const rank = (name: string): number => order.findIndex((start) => name.startsWith(start));
  names.sort((a, b) => rank(a) - rank(b));
  const files = names.map((name) => ({ name, text: readFileSync(join(path, name), "utf8") }));
  const all = files.map(({ text }) => text).join("");
  const { ruleset, collection, diagnostics } = loadRules({ files });
  t.same(
    diagnostics.map(({ severity, code }) => `${severity} ${code}`),
    ["warning deprecated", "warning deprecated"],
    "evt.dir, which the deprecated rules use in macros that replace those of the others",
  );
  t.equal(ruleset?.rules.length, count(all, "rule"), "rules");
  t.equal(collection.macros.size, count(all, "macro"), "macros");
  t.equal(collection.lists.size, count(all, "list"), "lists");
  const silent = ruleset?.rules.filter((rule) => {
    const types = ["execve", "execveat"];
    const isOfExecs = types.some((type) => rule.inactiveBecause?.includes(type));
    return isOfExecs || rule.inactiveBecause === "its condition is never true";
  });
  t.same(silent, [], "what is inactive says a field or an event type");
  const loader = new SequentialLoader({ subject: recordSubject(), append: [] });
  for (const file of files) {
    const { error, compilation } = loader.load(readRuleFile(file));
    t.equal(error, undefined, `as Falco loads them: ${file.name}`);
    t.equal(compilation?.rules.length, loader.collection.rules.size);
  }
  t.end();
});
