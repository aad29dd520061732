// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import { readConfig } from "../../daemon/config/read.ts";
import { allowlistMacros, allowlistsOf, readAllowlist } from "../../daemon/policy/allowlist.ts";
import { readPolicies } from "../../daemon/policy/policy-file.ts";
import type { Source } from "../../daemon/text/source.ts";
import { container, image } from "./samples.ts";

function shipped(name: string): Source {
  return { name, text: readFileSync(new URL(`../../rules/${name}`, import.meta.url), "utf8") };
}

/** The file with the comment sign taken off every line that holds the text. */
function uncommented(source: Source, texts: readonly string[]): Source {
  const lines = source.text.split("\n").map((line) => {
    const isMeant = line.trim().startsWith("# ") && texts.some((text) => line.includes(text));
    return isMeant ? line.replace("# ", "") : line;
  });
  return { ...source, text: lines.join("\n") };
}

const compileScope = () => ({ predicate: () => true, diagnostics: [] });

t.test("the shipped configuration says what the defaults are", (t) => {
  const { config, diagnostics } = readConfig([shipped("execwarden.yaml")], {});
  t.same(diagnostics, []);
  t.strictSame(config, readConfig([], {}).config);
  t.end();
});

t.test("the shipped allowlist is there, and allows nobody", (t) => {
  const { allowlists, diagnostics } = readAllowlist(shipped("allowlist.yaml"));
  t.same(diagnostics, []);
  t.same([...allowlistMacros(allowlists).keys()], ["allowed_web_fetch"]);
  const subject = container({ image: image("byrnedo/alpine-curl") });
  t.same(allowlistsOf(subject, allowlists), new Set());
  t.end();
});

t.test("the shipped allowlist's examples hold when they are taken into use", (t) => {
  const examples = uncommented(shipped("allowlist.yaml"), [
    "#   - ",
    "# images:",
    "# labels: {",
    "# labels_from: image",
  ]);
  const text = examples.text.replace("    images: []\n", "").replaceAll("    #   - ", "      - ");
  const { allowlists, diagnostics } = readAllowlist({ ...examples, text });
  t.same(diagnostics, []);
  t.equal(allowlists[0]?.images?.length, 6);
  t.strictSame(allowlists[0]?.labels, { "com.example.team": "platform" });
  t.end();
});

t.test("its example of programs holds when it is taken into use", (t) => {
  const { name, text } = shipped("allowlist.yaml");
  const [before = "", example = ""] = text.split("  # nginx:\n");
  const lines = example.split("\n").map((line) => line.replace("  # ", "  "));
  const source = { name, text: `${before}  nginx:\n${lines.join("\n")}` };
  const { allowlists, diagnostics } = readAllowlist(source);
  t.same(diagnostics, []);
  t.match(allowlists[1], {
    name: "nginx",
    programs: { isFromImageOnly: true, entries: { paths: new Set(["/usr/sbin/nginx"]) } },
  });
  t.equal(allowlists[1]?.programs?.entries?.digests.size, 1);
  t.equal(allowlists[1]?.programs?.entries?.others.length, 3);
  t.end();
});

t.test("the shipped policy about programs watches the shipped rule, and does nothing yet", (t) => {
  const ruleNames = new Set(["Program Not Allowed in Image Run"]);
  const source = shipped("policies.d/programs.yaml");
  const { policies, diagnostics } = readPolicies([source], { compileScope, ruleNames });
  t.same(diagnostics, []);
  t.match(policies, [
    { info: { mode: "monitor" }, actions: [{ kind: "deny" }, { kind: "kill-process" }] },
  ]);
  t.end();
});

t.test("the shipped policy watches the shipped rule, and does nothing yet", (t) => {
  const ruleNames = new Set(["Run Web Fetch Program in Container"]);
  const source = shipped("policies.d/web-fetch.yaml");
  const { policies, diagnostics } = readPolicies([source], { compileScope, ruleNames });
  t.same(diagnostics, []);
  t.match(policies, [
    {
      info: { name: "Web fetch in containers", mode: "monitor" },
      isEnabled: true,
      selectors: [{ kind: "name", name: "Run Web Fetch Program in Container" }],
      actions: [{ kind: "deny" }],
    },
  ]);
  t.end();
});

t.test("the shipped policy's examples hold when they are taken into use", (t) => {
  const source = uncommented(shipped("policies.d/web-fetch.yaml"), [
    "runbook:",
    "# - ",
    "# scope:",
    "limits:",
    "cooldown:",
    "max_actions_per_minute:",
    "# never:",
    "#   - ",
  ]);
  const { policies, diagnostics } = readPolicies([source], { compileScope });
  t.same(diagnostics, []);
  t.match(policies, [
    {
      info: { runbook: String },
      selectors: [{ kind: "name" }, { kind: "tag" }, { kind: "priority" }],
      scope: Function,
      limits: { cooldownMs: 60_000, actionsPerMinuteMax: 10 },
      never: [{ text: "name:registry" }, { text: "label:execwarden.protect=true" }],
    },
  ]);
  t.equal(policies[0]?.actions.length, 6);
  t.end();
});
