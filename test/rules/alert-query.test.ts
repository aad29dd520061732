// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import type { Alert } from "../../daemon/model/alert.ts";
import { compileAlertFields, compileAlertFilter } from "../../daemon/rules/alert-query.ts";
import { renderDiagnostics } from "../../daemon/text/render.ts";
import { sampleAlert } from "../outputs/fixtures/alert.ts";

function passes(condition: string, alert: Alert = sampleAlert()): boolean {
  const { value, diagnostics } = compileAlertFilter(condition);
  if (value === undefined) throw new Error(renderDiagnostics(diagnostics));
  return value(alert);
}

const sample = sampleAlert();
const rows: [condition: string, expected: boolean][] = [
  [`alert.rule = "${sample.rule}"`, true],
  ["alert.rule = other", false],
  [`alert.uuid = "${sample.uuid}"`, true],
  [`alert.priority = ${sample.priority}`, true],
  [`container.name = "${sample.container?.name ?? ""}"`, true],
  ["container.name = nobody", false],
  [`container.image.repository = "${sample.container?.image.repository ?? ""}"`, true],
  [`proc.name = "${sample.process?.name ?? ""}" and container.id != host`, true],
  [`proc.pid = ${sample.process?.pid ?? 0}`, true],
  [`proc.cmdline contains "${sample.process?.name ?? ""}"`, true],
  [`proc.pname = "${sample.ancestors[0]?.name ?? ""}"`, true],
  [`proc.aname in ("${sample.ancestors.at(-1)?.name ?? ""}")`, true],
  ["proc.aname in (nobody)", false],
  ["evt.type = execve", true],
  // An alert does not carry the environment, unless its rule prints it.
  ["proc.env exists", false],
  ["fd.name exists", false],
];
for (const [condition, expected] of rows) {
  t.test(condition, (t) => {
    t.equal(passes(condition), expected);
    t.end();
  });
}

t.test("what the rule printed can be asked for", (t) => {
  const alert = sampleAlert({
    fields: { "proc.env[HOME]": "/root", "proc.is_exe_writable": true },
  });
  t.ok(passes("proc.env[HOME] = /root", alert));
  t.ok(passes("proc.is_exe_writable = true", alert));
  t.notOk(passes("proc.env[PATH] exists", alert));
  t.end();
});

const faults: [name: string, condition: string, says: RegExp][] = [
  [
    "an unknown field, with a caret and the nearest name",
    "container.nam = web",
    /filter:1:1: error\[unknown-field\].*did you mean "container\.name"[^]*\^{13}/,
  ],
  ["half a condition", "container.name =", /filter:1:\d+: error\[/],
  ["a macro", "spawned_process and proc.name = curl", /error\[unknown-macro\]/],
  ["a wrong value", "proc.pid = x", /error\[bad-value\]/],
];
for (const [name, condition, says] of faults) {
  t.test(`${name} is refused`, (t) => {
    const { value, diagnostics } = compileAlertFilter(condition);
    t.equal(value, undefined);
    t.match(renderDiagnostics(diagnostics), says);
    t.end();
  });
}

t.test("fields are read in the order asked for", (t) => {
  const names = "proc.name, container.name,proc.aname[9],alert.tags,evt.time";
  const { value } = compileAlertFields(names);
  t.strictSame(Object.entries(value?.values(sample) ?? {}), [
    ["proc.name", sample.process?.name],
    ["container.name", sample.container?.name],
    ["proc.aname[9]", null],
    ["alert.tags", sample.tags],
    ["evt.time", sample.timeNs],
  ]);
  const time = new Date(Number(sample.timeNs / 1_000_000n)).toISOString().slice(11, 23);
  t.match(
    value?.texts(sample),
    [
      ...[sample.process?.name, sample.container?.name, "<NA>", `(${sample.tags.join(",")})`],
      new RegExp(`^${time}\\d{6}$`),
    ],
    "as texts: as an output prints them",
  );
  t.end();
});

for (const [text, says] of [
  ["proc.nam", /cannot print field "proc\.nam": did you mean "proc\.name"/],
  ["proc.name,,x", /cannot read field ""/],
  ["a b", /cannot read field "a b": expected names/],
] as const) {
  t.test(`fields "${text}" are refused`, (t) => {
    t.match(renderDiagnostics(compileAlertFields(text).diagnostics), says);
    t.end();
  });
}
