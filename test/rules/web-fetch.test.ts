// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import t from "tap";
import { loadRules } from "../../daemon/rules/load.ts";
import { sampleEvent, sampleProcess, type SampleChanges } from "./sample-event.ts";

const text = readFileSync(new URL("../../rules/web-fetch.yaml", import.meta.url), "utf8");
const macros = new Map([["allowed_web_fetch", "container.allowlisted[web_fetch] = true"]]);
const { ruleset, diagnostics } = loadRules({ files: [{ name: "web-fetch.yaml", text }], macros });

t.same(diagnostics, [], "the shipped file has neither faults nor warnings");

t.test("what the shipped rule matches", (t) => {
  const rows: readonly (readonly [string, SampleChanges, boolean])[] = [
    ["curl in a container", {}, true],
    ["curl by execveat", { event: { syscall: "execveat" } }, true],
    ["wget of busybox", { process: { comm: "wget", exepath: "/bin/busybox" } }, true],
    ["a program of another name", { process: { comm: "innocent", exepath: "/x" } }, false],
    [
      "a link with another name to the real curl",
      { process: { comm: "innocent", exepath: "/usr/bin/curl" } },
      true,
    ],
    ["another argv[0]", { process: { exe: "sh", argv: ["sh", "https://x"] } }, true],
    ["argv that could not be read", { event: { isArgvKnown: false } }, true],
    ["curl on the host", { isOnHost: true }, false],
    ["another program", { process: sampleProcess({ comm: "ls" }) }, false],
    ["an allowlisted container", { event: { allowlists: new Set(["web_fetch"]) } }, false],
    ["on another allowlist", { event: { allowlists: new Set(["other"]) } }, true],
  ];
  for (const [name, changes, expected] of rows) {
    const event = sampleEvent(changes);
    const names = ruleset?.match(event).map((rule) => rule.name);
    t.same(names, expected ? ["Run Web Fetch Program in Container"] : [], name);
  }
  t.end();
});

t.test("what the shipped rule says", (t) => {
  const [rule] = ruleset?.rules ?? [];
  t.equal(rule?.priority, "Informational");
  t.ok(rule?.isEnabled);
  t.ok(rule?.tags.includes("container"));
  const { output, fields } = rule?.formatOutput(sampleEvent()) ?? {};
  t.match(output, "command=curl https://example.com image=byrnedo/alpine-curl:latest ");
  t.match(fields, {
    "proc.cmdline": "curl https://example.com",
    "proc.pname": "sh",
    "proc.tty": 0,
  });
  t.notMatch(output, "\n", "one line");
  t.end();
});

t.test("without the daemon's macro nothing is allowlisted", (t) => {
  const bare = loadRules({ files: [{ name: "web-fetch.yaml", text }] }).ruleset;
  t.equal(bare?.match(sampleEvent({ event: { allowlists: new Set(["web_fetch"]) } })).length, 1);
  t.end();
});
