// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import { bypasses, remainingBypasses, type PolicyReach } from "../../daemon/policy/bypasses.ts";
import { execCatalogue } from "../../daemon/rules/fields/catalogue.ts";

const reach: PolicyReach = {
  fields: new Set(["proc.exepath", "proc.image_path", "proc.applet", "proc.loader_argument"]),
  ...{ canDeny: true, canKill: false, witness: "gaps", isDetectOnly: false, onDeadline: "deny" },
};

function fates(changes: Partial<PolicyReach> = {}): Readonly<Record<string, string>> {
  const rows = remainingBypasses({ ...reach, ...changes });
  return Object.fromEntries(rows.map(({ id, fate }) => [id, fate]));
}

t.test("a policy reaches what its rules ask for", (t) => {
  t.match(fates(), {
    ...{ "same-file": "denied", copy: "denied", applet: "denied", loader: "denied" },
    ...{ "other-program": "out of reach", "memory-static": "out of reach" },
    ...{ interpreter: "out of reach", "unmarked-static": "out of reach" },
  });
  t.end();
});

t.test("what is seen late is killed, or told", (t) => {
  const fields = new Set(["proc.is_exe_from_memfd"]);
  t.equal(fates({ fields })["memory-static"], "detected");
  t.equal(fates({ fields, canKill: true })["memory-static"], "detected and killed");
  t.equal(fates({ fields, witness: "off" })["memory-static"], "out of reach");
  t.equal(fates({ fields })["memory-dynamic"], "denied");
  t.end();
});

t.test("monitor mode, and a kernel without permission events, deny nothing", (t) => {
  t.equal(fates({ unenforcedBecause: "monitor" })["copy"], "detected");
  t.equal(fates({ isDetectOnly: true })["copy"], "detected");
  t.equal(fates({ isDetectOnly: true, canKill: true })["copy"], "detected and killed");
  t.equal(fates({ canDeny: false })["copy"], "detected");
  t.end();
});

t.test("a list of programs reaches most of it", (t) => {
  const left = remainingBypasses({
    ...reach,
    fields: new Set(["proc.allowlisted"]),
    canKill: true,
  });
  t.strictSame(
    left.filter(({ fate }) => fate === "out of reach").map(({ id }) => id),
    ["argv-rewritten", "unmarked-static", "interpreter"],
  );
  t.match(left[0]?.because, "containers whose programs an allowlist names");
  t.end();
});

t.test("the document has the same classes, and the fields are there", (t) => {
  const text = readFileSync(new URL("../../docs/bypasses.md", import.meta.url), "utf8");
  const rows = text
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split("|")
        .slice(1, 3)
        .map((cell) => cell.trim().replaceAll("`", "")),
    );
  t.strictSame(
    rows,
    bypasses.map(({ id, name }) => [id, name]),
  );
  for (const field of bypasses.flatMap(({ fields }) => fields))
    t.ok(execCatalogue.find(field)?.spec.bind, field);
  t.end();
});
