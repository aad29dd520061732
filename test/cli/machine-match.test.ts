// `rules match` and `rules evttypes`: section 8 of the specification, one row a case.
// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { eventNames } from "../../daemon/rules/fields/event-names.ts";
import { ask } from "./ask-machine.ts";

const execve = "evt.type = execve";

type Keys = Readonly<Record<string, string>>;

/** A rule that every exec matches, but for the keys given. */
function rule(name: string, keys: Keys = {}): string {
  const all = { desc: "d", condition: execve, output: "o", priority: "NOTICE", ...keys };
  const lines = Object.entries(all).map(([key, value]) => `  ${key}: ${value}\n`);
  return `- rule: ${name}\n${lines.join("")}`;
}

const off = { enabled: "false" };
const three = rule("a") + rule("b") + rule("c");
const tagged =
  rule("a", { tags: "[s]" }) + rule("b", { tags: "[s, t]" }) + rule("c", { tags: "[T]", ...off });
const levels =
  rule("e", { priority: "Emergency" }) +
  rule("w", { priority: "warning" }) +
  rule("i", { priority: "info" }) +
  rule("d", { priority: "DEBUG" });

type Selection = readonly object[];
const enable = (rule: string): object => ({ enable: { rule } });
const disable = (rule: string): object => ({ disable: { rule } });
const enableTag = (tag: string): object => ({ enable: { tag } });
const disableTag = (tag: string): object => ({ disable: { tag } });

/** Files, what is selected, and which rules match, all of them. */
type SelectionRow = readonly [string, string | readonly string[], Selection, string];

const selections: readonly SelectionRow[] = [
  ["nothing selected", three, [], "a b c"],
  ["a name", three, [disable("b")], "a c"],
  ["part of a name is none", rule("abc"), [disable("b")], "abc"],
  ["the case of a name", three, [disable("B")], "a b c"],
  ["an empty pattern", three, [disable("")], "a b c"],
  ["a star", three, [disable("*")], ""],
  ["a star before", rule("xa") + rule("ax"), [disable("*a")], "ax"],
  ["a star behind", rule("xa") + rule("ax"), [disable("a*")], "xa"],
  ["a star between", rule("a x c") + rule("a x"), [disable("a*c")], "a x"],
  ["stars around", rule("xay") + rule("xy"), [disable("*a*")], "xy"],
  ["only what a star stands before ends a name", rule("abab"), [disable("*ab")], "abab"],
  ["in their order", three, [disable("*"), enable("b")], "b"],
  ["the last one counts", three, [disable("*"), enable("*"), disable("a")], "b c"],
  ["enabled again: behind all others", three, [disable("a"), enable("a")], "b c a"],
  ["enabled, and was before", three, [enable("a")], "a b c"],
  ["a disabled rule", rule("a", off) + rule("b"), [], "b"],
  ["a disabled rule that is enabled", rule("a", off) + rule("b"), [enable("a")], "b a"],
  ["two of them by a star", rule("a", off) + rule("b") + rule("c", off), [enable("*")], "b a c"],
  ["a tag", tagged, [disableTag("s")], ""],
  ["one of several tags", tagged, [disableTag("t")], "a"],
  ["the case of a tag", tagged, [enableTag("T")], "a b c"],
  ["a tag is no pattern", tagged, [disableTag("*")], "a b"],
  ["a tag of a disabled rule", tagged, [disable("*"), enableTag("T")], "c"],
  ["a tag and a name", tagged, [disableTag("s"), enable("b")], "b"],
  ["what is selected and not there", three, [disable("z"), enable("y")], "a b c"],
  ["several files", [rule("b"), rule("a"), rule("c")], [], "b a c"],
  ["a rule that is defined again keeps its place", [three, rule("a")], [], "a b c"],
  ["defined again, disabled", [three, rule("a", off)], [], "b c"],
  [
    "disabled by an override",
    [three, "- rule: a\n  enabled: false\n  override: {enabled: replace}\n"],
    [],
    "b c",
  ],
  ["disabled by the key alone", [three, "- rule: a\n  enabled: false\n"], [], "b c"],
];

t.test("selection and order", async (t) => {
  const cases = selections.map(([, files, selection], id) => {
    return { id, files: [files].flat(), selection, event: {}, strategy: "all" };
  });
  const answers = await ask("match", cases);
  for (const [id, [name, , , wanted]] of selections.entries()) {
    t.same(answers[id], { id, rules: wanted === "" ? [] : wanted.split(/ (?!x)/) }, name);
  }
});

/** More of a case, and the rules that match. */
type CaseRow = readonly [string, object, string];

const open = rule("o", { condition: "evt.type = open" });
const named = rule("n", { condition: "proc.name = sh", warn_evttypes: "false" });
const other = rule("x", { condition: "evt.type != open and not proc.name = sh" });

const cases: readonly CaseRow[] = [
  ["the first", { files: [three] }, "a"],
  ["the first, said so", { files: [three], strategy: "first" }, "a"],
  ["all", { files: [three], strategy: "all" }, "a b c"],
  ["the first that is enabled", { files: [rule("a", off) + rule("b")] }, "b"],
  ["the first that holds", { files: [named + rule("b")] }, "b"],
  ["no type: execve", { files: [open + rule("b")], strategy: "all" }, "b"],
  ["a type", { files: [open + rule("b")], strategy: "all", event: { "evt.type": "open" } }, "o"],
  [
    "a type that no rule names",
    { files: [open + named], event: { "evt.type": "close", "proc.name": "sh" } },
    "n",
  ],
  ["negated", { files: [other], event: { "proc.name": "bash" } }, "x"],
  ["negated, without a value", { files: [other] }, "x"],
  ["negated, another type", { files: [other], event: { "evt.type": "open" } }, ""],
  ["no rules", { files: [] }, ""],
  ["no minimum", { files: [levels], strategy: "all" }, "e w i d"],
  ["the least", { files: [levels], strategy: "all", min_priority: "debug" }, "e w i d"],
  ["informational", { files: [levels], strategy: "all", min_priority: "Informational" }, "e w i"],
  ["its short name", { files: [levels], strategy: "all", min_priority: "INFO" }, "e w i"],
  ["between two", { files: [levels], strategy: "all", min_priority: "notice" }, "e w"],
  ["equal", { files: [levels], strategy: "all", min_priority: "warning" }, "e w"],
  ["the highest", { files: [levels], strategy: "all", min_priority: "emergency" }, "e"],
  [
    "enabling does not bring back what is below the minimum",
    { files: [levels], strategy: "all", min_priority: "error", selection: [enable("*")] },
    "e",
  ],
  [
    "an unknown source",
    { files: [rule("k", { source: "k8s_audit" }) + rule("a")], strategy: "all" },
    "a",
  ],
];

t.test("strategies, types and priorities", async (t) => {
  const answers = await ask(
    "match",
    cases.map(([, input], id) => ({ id, event: {}, ...input })),
  );
  for (const [id, [name, , wanted]] of cases.entries()) {
    t.same(answers[id], { id, rules: wanted === "" ? [] : wanted.split(" ") }, name);
  }
});

t.test("more than 100 types are as good as all", async (t) => {
  const names = [...eventNames];
  const inList = (count: number): string => `evt.type in (${names.slice(0, count).join(", ")})`;
  const rows: readonly (readonly [string, number | "broad"])[] = [
    [inList(50), 50],
    [inList(51), 51],
    [inList(100), 100],
    [inList(101), "broad"],
    [`not ${inList(names.length - 100)}`, 100],
    [`not ${inList(names.length - 101)}`, "broad"],
    [`${inList(101)} and evt.type != ${names[0] ?? ""}`, 100],
    [`${inList(100)} or evt.type = ${names[100] ?? ""}`, "broad"],
  ];
  const answers = await ask(
    "evttypes",
    rows.map(([condition], id) => ({ id, condition })),
  );
  for (const [id, [condition, wanted]] of rows.entries()) {
    const answer = answers[id] as { names?: readonly string[]; all_or_most: boolean };
    const count = answer.all_or_most ? "broad" : answer.names?.length;
    t.equal(count, wanted, `${condition.slice(0, 40)}… of ${String(wanted)}`);
  }
  const load = rows.map(([condition], id) => ({ id, files: [rule("a", { condition })] }));
  for (const [id, answer] of (await ask("load", load)).entries()) {
    const isBroad = rows[id]?.[1] === "broad";
    t.match(answer, { warnings: isBroad ? ["LOAD_NO_EVTTYPE"] : [] }, `loaded: ${String(id)}`);
  }
});
