// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import {
  errorAt,
  sortDiagnostics,
  warningAt,
  type Diagnostic,
} from "../../daemon/text/diagnostic.ts";
import {
  editText,
  joinTexts,
  sliceText,
  textAt,
  wholeSource,
} from "../../daemon/text/located-text.ts";
import { nearestName } from "../../daemon/text/nearest.ts";
import { diagnosticsToJson, renderDiagnostics } from "../../daemon/text/render.ts";
import type { Source, Span } from "../../daemon/text/source.ts";

/** The place of a word in a source. */
function spanOf(source: Source, word: string): Span {
  const start = source.text.indexOf(word);
  return { source, start, end: start + word.length };
}

function fault(source: Source, word: string, more: Partial<Diagnostic> = {}): Diagnostic {
  const span = spanOf(source, word);
  return { ...errorAt({ code: "unknown-field", message: `cannot read "${word}"`, span }), ...more };
}

t.test("a fault as a rule author sees it", (t) => {
  const shell = {
    name: "rules/shell.yaml",
    text: `${"\n".repeat(13)}    spawned and proc.nam in (shells)\n`,
  };
  const base = { name: "rules/base.yaml", text: "x\n  interactive\n" };
  const note = { message: `used through macro "interactive"`, span: spanOf(base, "interactive") };
  const text = renderDiagnostics([fault(shell, "proc.nam", { notes: [note] })]);
  t.equal(
    text,
    [
      `rules/shell.yaml:14:17: error[unknown-field]: cannot read "proc.nam"`,
      " 14 |     spawned and proc.nam in (shells)",
      "    |                 ^^^^^^^^",
      `note: used through macro "interactive" at rules/base.yaml:2:3`,
      "1 error in 1 file",
      "",
    ].join("\n"),
  );
  t.end();
});

t.test("excerpts", (t) => {
  const rows: readonly (readonly [string, string, string, readonly string[]])[] = [
    ["a tab is one blank", "a\tb c", "b", [" 1 | a b c", "   |   ^"]],
    [
      "control characters are escaped",
      "\x1b[31m bad",
      "bad",
      [" 1 | \\x1b[31m bad", "   |          ^^^"],
    ],
    ["a control character that is marked", "a \x07 b", "\x07", [" 1 | a \\x07 b", "   |   ^^^^"]],
    [
      "characters beyond 16 bits are one column",
      "\u{1F600} bad",
      "bad",
      [" 1 | \u{1F600} bad", "   |   ^^^"],
    ],
    [
      "a direction override is escaped",
      "\u202e bad",
      "bad",
      [" 1 | \\u{202e} bad", "   |          ^^^"],
    ],
    [
      "a span over lines is marked on the first",
      "one two\nthree",
      "two\nthree",
      [" 1 | one two", "   |     ^^^"],
    ],
    ["the end of the text", "one\n", "\n", [" 1 | one", "   |    ^"]],
    ["windows line ends do not show", "one\r\ntwo", "two", [" 2 | two", "   | ^^^"]],
  ];
  for (const [name, text, word, lines] of rows) {
    const shown = renderDiagnostics([fault({ name: "f", text }, word)]).split("\n");
    t.same(shown.slice(1, 3), lines, name);
  }
  const long = { name: "f", text: `${"a ".repeat(400)}HERE${" b".repeat(400)}` };
  const [, line = "", carets = ""] = renderDiagnostics([fault(long, "HERE")]).split("\n");
  t.ok(line.length < 140, "a long line is cut");
  t.equal(line.indexOf("HERE"), carets.indexOf("^^^^"), "and the mark still fits");
  t.end();
});

t.test("order, number, summary", (t) => {
  const a = { name: "a", text: "one two three" };
  const b = { name: "b", text: "four" };
  const list = [
    fault(b, "four"),
    fault(a, "two"),
    { ...warningAt({ code: "w", message: "m", span: spanOf(a, "one") }) },
    errorAt({ code: "e", message: "no place" }),
    fault(a, "two"),
  ];
  const words = (sorted: readonly Diagnostic[]) =>
    sorted.map(({ span }) => span?.source.text.slice(span.start, span.end));
  t.same(words(sortDiagnostics(list)), [undefined, "four", "one", "two"], "repeats are dropped");
  t.same(words(sortDiagnostics(list, [a, b])), [undefined, "one", "two", "four"]);
  t.match(renderDiagnostics(list), /\n3 errors, 1 warning in 2 files\n$/);
  t.equal(renderDiagnostics([]), "");
  const many = { name: "m", text: "x".repeat(60) };
  const faults = Array.from({ length: 60 }, (_, start) =>
    errorAt({ code: "c", message: "m", span: { source: many, start, end: start + 1 } }),
  );
  t.match(renderDiagnostics(faults), /\n60 errors in 1 file \(10 not shown\)\n$/);
  t.equal(renderDiagnostics(faults).match(/error\[c\]/g)?.length, 50);
  t.end();
});

t.test("for programs", (t) => {
  const source = { name: "f", text: "a\nbc de\n" };
  const [first] = diagnosticsToJson([fault(source, "bc")]);
  t.same(first, {
    severity: "error",
    code: "unknown-field",
    message: 'cannot read "bc"',
    place: { file: "f", line: 2, column: 1, endLine: 2, endColumn: 3 },
    notes: [],
  });
  t.end();
});

t.test("the nearest name", (t) => {
  const names = ["proc.name", "proc.pname", "proc.args", "fd.num"];
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["proc.nam", "proc.name"],
    ["porc.name", "proc.name"],
    ["proc.nmae", "proc.name"],
    ["proc.arg", "proc.args"],
    ["completely.different", undefined],
    ["x", undefined],
    ["y".repeat(1000), undefined],
  ];
  for (const [word, nearest] of rows) t.equal(nearestName(word, names), nearest, word);
  t.end();
});

t.test("texts made of texts lead back to where they were written", (t) => {
  const source = { name: "f", text: "alpha beta gamma" };
  const whole = wholeSource(source);
  const at = (span: Span): string => span.source.text.slice(span.start, span.end);
  const joined = joinTexts([
    sliceText(whole, 6, 10),
    textAt("-", spanOf(source, "gamma")),
    sliceText(whole, 0, 5),
  ]);
  t.equal(joined.value, "beta-alpha");
  t.equal(at(joined.spanOf(0, 4)), "beta");
  t.equal(at(joined.spanOf(4, 5)), "gamma");
  t.equal(at(joined.spanOf(5, 10)), "alpha");
  t.equal(at(joined.spanOf(2, 10)), "ta", "a span stays in the part that it starts in");
  const edited = editText(whole, [{ start: 6, end: 10, replacement: "B, C" }]);
  t.equal(edited.value, "alpha B, C gamma");
  t.equal(at(edited.spanOf(9, 10)), "beta", "a replacement lies where the old piece was");
  t.equal(at(edited.spanOf(11, 16)), "gamma");
  t.end();
});
