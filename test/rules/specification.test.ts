// Every sentence of the specification of the language, section by section, as a row of a table.
// SPDX-License-Identifier: Apache-2.0
import { existsSync, readFileSync } from "node:fs";
import t, { type Test } from "tap";
import { alertJson, alertText } from "../../daemon/rules/alert-format.ts";
import { readRecordEvent, recordSubject } from "../../daemon/rules/fields/record.ts";
import { compileTemplate } from "../../daemon/rules/output-template.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";
import { eventTypesTables } from "./specification/event-types.ts";
import { describeField, specifiedFields } from "./specification/fields-table.ts";
import { grammarTables } from "./specification/grammar.ts";
import { operatorsTables } from "./specification/operators.ts";
import { outputTables } from "./specification/output.ts";
import { rightHandFieldsTables } from "./specification/right-hand-fields.ts";
import { specialFieldsTables } from "./specification/special-fields.ts";
import {
  answerOf,
  printed,
  rendered,
  subject,
  typesOf,
  type Table,
} from "./specification/table.ts";
import { transformersTables } from "./specification/transformers.ts";
import { valuesTables } from "./specification/values.ts";

const place = new URL("../../../shared/falco-language.md", import.meta.url);
const specification = existsSync(place) ? readFileSync(place, "utf8") : undefined;

const tables: readonly Table[] = [
  ...grammarTables,
  ...valuesTables,
  ...operatorsTables,
  ...specialFieldsTables,
  ...rightHandFieldsTables,
  ...transformersTables,
  ...eventTypesTables,
  ...outputTables,
];

/** Sections that other tests have the rows of. */
const elsewhere: Readonly<Record<string, string>> = {
  "5": "load.test.ts",
  "5 Resolution": "load.test.ts",
  "6": "../cli/machine.test.ts",
  "7": "load.test.ts",
  "10": "fields.test.ts",
  "11": "upstream.test.ts",
};

function check(t: Test, table: Table): void {
  switch (table.kind) {
    case "print":
      for (const [text, expected] of table.rows) t.equal(printed(text), expected, text);
      break;
    case "types":
      for (const [text, expected] of table.rows) t.equal(typesOf(text), expected, text);
      break;
    case "eval":
      for (const [text, event, expected] of table.rows) {
        t.equal(answerOf(text, event), expected, `${text} ${JSON.stringify(event)}`);
      }
      break;
    case "text":
    case "fields":
      for (const [format, expected] of table.rows) {
        t.equal(rendered(format, table.event, table.kind), expected, format);
      }
  }
  t.end();
}

for (const table of tables) {
  t.test(`${table.section}: ${table.title}`, (t) => {
    check(t, table);
  });
}

t.test("every section of the specification has rows", (t) => {
  const covered = new Set(tables.filter(({ rows }) => rows.length > 0).map((item) => item.section));
  for (const [section, file] of Object.entries(elsewhere)) {
    t.ok(existsSync(new URL(file, import.meta.url)), `${section}: ${file}`);
    covered.add(section);
  }
  const sections = specification === undefined ? [] : sectionsOf(specification);
  const bare = sections.filter((section) => !covered.has(section));
  t.strictSame(bare, [], "sections without a row");
  t.end();
});

t.test("10: every field of the specification, and no other", (t) => {
  if (specification === undefined) {
    t.end();
    return;
  }
  const { catalogue } = recordSubject();
  const specified = specifiedFields(specification);
  t.ok(specified.length > 250, `${String(specified.length)} fields`);
  for (const field of specified) {
    const found = catalogue.find(field.name);
    t.strictSame(found && describeField(found.spec), field, field.name);
  }
  const tableOnly = /Table-only fields[^:]*: (.*)\./.exec(specification)?.[1]?.split(", ") ?? [];
  const known = new Set([...specified.map(({ name }) => name), ...tableOnly]);
  t.strictSame(
    [...catalogue.names()].filter((name) => !known.has(name)),
    [],
  );
  t.strictSame(
    tableOnly.filter((name) => catalogue.find(name) === undefined),
    [],
  );
  t.end();
});

/** Where the specification is at hand, its headings: `3`, `3 Missing values`. */
function sectionsOf(text: string): readonly string[] {
  let chapter = "";
  return text.split("\n").flatMap((line) => {
    const [marks = "", ...words] = line.split(" ");
    if (marks === "##") {
      chapter = words[0]?.replace(".", "") ?? "";
      return [chapter];
    }
    return marks === "###" ? [`${chapter} ${words.join(" ")}`] : [];
  });
}

t.test("1: depth", (t) => {
  const nested = (levels: number): string => `${"(".repeat(levels)}a${")".repeat(levels)}`;
  t.equal(printed(nested(190)), "a");
  t.equal(printed(nested(250)), "too-deep");
  t.end();
});

t.test("9 alerts", (t) => {
  const format = "p=%proc.name n=%proc.pid x=%proc.exe l=%my.list u=%toupper(proc.pname) d=%fd.dev";
  const source = wholeSource({ name: "f", text: format });
  const { template } = compileTemplate(source, subject.catalogue);
  const record = readRecordEvent(
    { "proc.name": 'a"b\n', "proc.pid": 7, "my.list": ["z"], "proc.pname": "q", "fd.dev": 255 },
    subject,
  );
  const { output: message, fields } = template.format(record);
  const alert = {
    rule: "R",
    priority: "Warning" as const,
    source: "syscall",
    tags: ["b", "a"],
    hostname: "host-a",
    timeNs: 1_700_000_005_000_000_789n,
    message,
    fields,
  };
  t.equal(
    alertText(alert),
    String.raw`22:13:25.000000789: Warning p=a\"b\n n=7 x=<NA> l=(z) u=Q d=FF`,
  );
  t.equal(
    alertJson(alert),
    '{"hostname":"host-a","output":"22:13:25.000000789: Warning p=a\\"b\\n n=7 x=<NA> l=(z) u=Q d=FF",' +
      '"output_fields":{"evt.time":1700000005000000789,"fd.dev":"FF","my.list":["z"],"proc.exe":null,' +
      '"proc.name":"a\\"b\\n","proc.pid":7,"proc.pname":"q"},"priority":"Warning","rule":"R",' +
      '"source":"syscall","tags":["a","b"],"time":"2023-11-14T22:13:25.000000789Z"}',
  );
  const options = { iso8601: true, message: true, output: false, tags: false };
  t.equal(
    alertJson({ ...alert, message: "m", fields: {} }, options),
    '{"hostname":"host-a","message":"m","output_fields":{"evt.time.iso8601":1700000005000000789},' +
      '"priority":"Warning","rule":"R","source":"syscall","time":"2023-11-14T22:13:25.000000789Z"}',
  );
  t.notMatch(alertJson(alert, { output_fields: false }), "output_fields");
  t.end();
});
