// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { editDaemonJson } from "../../../daemon/cli/plugin/daemon-json.ts";

const key = "authorization-plugins";
const name = "execwarden";

const rows: readonly (readonly [
  what: string,
  before: string,
  isEnabled: boolean,
  after: unknown,
])[] = [
  ["no file", "", true, { [key]: [name] }],
  ["other settings stay", '{"debug":true}', true, { debug: true, [key]: [name] }],
  ["other plugins stay, in front", `{"${key}":["other"]}`, true, { [key]: ["other", name] }],
  ["out again", `{"debug":true,"${key}":["${name}"]}`, false, { debug: true }],
  ["others stay", `{"${key}":["other","${name}"]}`, false, { [key]: ["other"] }],
];

for (const [what, before, isEnabled, after] of rows) {
  t.test(what, (t) => {
    const edited = editDaemonJson(before, { name, isEnabled });
    t.ok(edited.ok);
    if (edited.ok) t.strictSame(JSON.parse(edited.value.text ?? "null"), after);
    t.end();
  });
}

t.test("nothing is written where the file says so already", (t) => {
  for (const [text, isEnabled] of [
    [`{"${key}":["${name}"]}`, true],
    ["{}", false],
    ["", false],
  ] as const) {
    const edited = editDaemonJson(text, { name, isEnabled });
    t.equal(edited.ok && edited.value.text, undefined);
  }
  t.end();
});

t.test("a file that the engine could not read is left alone", (t) => {
  for (const text of ["{", "[]", "1", `{"${key}":"execwarden"}`, `{"${key}":[1]}`]) {
    t.notOk(editDaemonJson(text, { name, isEnabled: true }).ok, text);
  }
  t.end();
});
