// Every sentence of the language, section by section, as a row: a condition, a table of fields, the answer.
// SPDX-License-Identifier: Apache-2.0
import t, { type Test } from "tap";
import { createChecker } from "../../daemon/lang/check.ts";
import { createCompiler } from "../../daemon/lang/compile.ts";
import { parseCondition } from "../../daemon/lang/parser.ts";
import { printCondition } from "../../daemon/lang/print.ts";
import { alertJson, alertText } from "../../daemon/rules/alert-format.ts";
import { eventTypesOf } from "../../daemon/rules/event-types.ts";
import {
  readRecordEvent,
  recordSubject,
  type DeclaredField,
  type RecordEvent,
} from "../../daemon/rules/fields/record.ts";
import { compileTemplate } from "../../daemon/rules/output-template.ts";
import { wholeSource } from "../../daemon/text/located-text.ts";

const declared: Readonly<Record<string, DeclaredField>> = {
  "my.list": { type: "str", list: true },
  "my.words": { type: "str", list: true },
  "my.nums": { type: "u64", list: true },
  "my.u8": { type: "u8" },
  "my.i8": { type: "i8" },
  "my.f64": { type: "f64" },
  "my.bytes": { type: "bytes" },
};
const subject = recordSubject(declared);

type Event = Readonly<Record<string, unknown>>;
type Answer = boolean | string;

/** True or false, or the code of the first fault. */
function answer(condition: string, event: Event): Answer {
  const parsed = parseCondition(condition);
  if (!parsed.ok) return parsed.fault.code;
  const text = wholeSource({ name: "c", text: condition });
  const { checked, diagnostics } = createChecker(subject.catalogue).check(parsed.expr, text);
  const fault = diagnostics.find(({ severity }) => severity === "error");
  if (fault !== undefined) return fault.code;
  const record = readRecordEvent(event, subject);
  return createCompiler<RecordEvent>().compile(checked)(record);
}

type Row = readonly [condition: string, event: Event, expected: Answer];

function check(t: Test, rows: readonly Row[]): void {
  for (const [condition, event, expected] of rows) {
    t.equal(answer(condition, event), expected, `${condition} ${JSON.stringify(event)}`);
  }
  t.end();
}

/** How a condition prints, or the code of its fault. */
function printed(condition: string): string {
  const parsed = parseCondition(condition);
  return parsed.ok ? printCondition(parsed.expr) : parsed.fault.code;
}

function checkPrinted(t: Test, rows: readonly (readonly [string, string])[]): void {
  for (const [condition, expected] of rows) t.equal(printed(condition), expected, condition);
  t.end();
}

const bad = "syntax";

t.test("1 grammar: precedence and lexing by position", (t) => {
  checkPrinted(t, [
    ["a or b and not c", "(a or (b and not c))"],
    ["not a and b", "(not a and b)"],
    ["a and b and c", "(a and b and c)"],
    ["a and (b and c)", "(a and (b and c))"],
    ["(a or b) and c", "((a or b) and c)"],
    ["not not a", "a"],
    ["not not not a", "not a"],
    ["not(a)", "not a"],
    ["not not(a)", "a"],
    ["not (a or b)", "not (a or b)"],
    ["a and(b)", "(a and b)"],
    ["a or(b)and(c)", bad],
    ["or or or", "(or or or)"],
    ["and and and", "(and and and)"],
    ["not or a", bad],
    ["a android", bad],
    ["a and android", "(a and android)"],
    ["a AND b", bad],
    ["NOT a", bad],
    ["a.b EXISTS", bad],
    ["a.b exists", "a.b exists"],
    ["a.b existsand c", "(a.b exists and c)"],
    ["fd.num inports", "fd.num in ports"],
    ["toupper (x)", bad],
    ["toupper(a.b) = X", "toupper(a.b) = X"],
    ["val(a.b) = x", bad],
    ["a.b=c", "a.b = c"],
    ["a.b==c", "a.b == c"],
    ["a.b!=c", "a.b != c"],
    ["a.b<1", "a.b < 1"],
    ["a.b>=-1", "a.b >= -1"],
    ["a.b contains(c)", bad],
    ["a.b contains c", "a.b contains c"],
    ["a.b contains\tc", "a.b contains c"],
    ["a.b glob*", bad],
    ["a.b intersects(c)", "a.b intersects (c)"],
    ["a.b pmatch(c)", "a.b pmatch (c)"],
    ["a.b in(c)", "a.b in (c)"],
    ["a_1.b_2.C3 exists", "a_1.b_2.C3 exists"],
    ["1a.b exists", bad],
    ["_a", bad],
    ["a-b", bad],
    ["", bad],
    [" \t\b\r\n", bad],
    ["\ta\b", "a"],
    ["a\fand b", bad],
    ["a\v", bad],
    ["a\u00a0and b", bad],
    ["a # comment", bad],
    ["a b", bad],
    ["(a", bad],
    ["a)", bad],
    ["()", bad],
    ["a and", bad],
    ["a or or", "(a or or)"],
  ]);
});

t.test("1 grammar: modifiers, values, lists", (t) => {
  checkPrinted(t, [
    ["a.b = oneof (c, d)", "a.b = oneof (c, d)"],
    ["a.b contains anyof (c)", "a.b contains anyof (c)"],
    ["a.b != allof words", "a.b != allof words"],
    ["a.b = anyof", "a.b = anyof"],
    ["a.b = anyof and c", "(a.b = anyof and c)"],
    ["a.b =anyof (c)", bad],
    ["a.b = anyof(c)", bad],
    ["a.b = anyof android", "a.b = anyof android"],
    ["a.b = anyof val(c.d)", bad],
    ["a.b < oneof (1)", bad],
    ["a.b in oneof (1)", bad],
    ["a.b < 1", "a.b < 1"],
    ["a.b < +1.5e-3", "a.b < +1.5e-3"],
    ["a.b < 0x1F", "a.b < 0x1F"],
    ["a.b < 1.", "a.b < 1."],
    ['a.b < "1"', bad],
    ["a.b < x", bad],
    ["a.b < val(c.d)", "a.b < val(c.d)"],
    ["a.b < len(c.d)", "a.b < len(c.d)"],
    ["a.b = 1x", "a.b = 1x"],
    ['a.b = ""', "a.b = "],
    ["a.b in ()", "a.b in ()"],
    ["a.b in c", "a.b in c"],
    ['a.b in "c"', bad],
    ["a.b in 1", bad],
    ["a.b in (1, 'x y', z)", 'a.b in (1, "x y", z)'],
    ["a.b in (1,)", bad],
    ["a.b in (1,,2)", bad],
    ["a.b in (,1)", bad],
    ["a.b in ( 1 , 2 )", "a.b in (1, 2)"],
    ["a.b in val(c.d)", "a.b in val(c.d)"],
    ["a.b = val( c.d )", "a.b = val(c.d)"],
    ["a.b = val(tolower(c.d))", bad],
    ["a.b[c] exists", "a.b[c] exists"],
    ["a.b['c d'] exists", 'a.b["c d"] exists'],
    ["a.b[] exists", bad],
    ["a.b [c] exists", bad],
    ["a.b[c d] exists", bad],
    ["a.b[c]d", bad],
    ["tolower(toupper(a.b)) = x", "tolower(toupper(a.b)) = x"],
    ["tolower( a.b ) = x", "tolower(a.b) = x"],
    ["getopt(a.b,ab:)[b] = x", bad],
    ['getopt(a.b, "ab:")[b] = x', "getopt(a.b,ab:)[b] = x"],
    ["concat(a.b, 1, 'x y') = x", 'concat(a.b,1,"x y") = x'],
    ["join('-', (a.b, c.d)) = x", "join(-,(a.b, c.d)) = x"],
    ["tolower() = x", bad],
    ["tolower(a) = x", bad],
  ]);
});

t.test("1 grammar: quoting, canonical print", (t) => {
  checkPrinted(t, [
    [`a.b = "x y"`, `a.b = "x y"`],
    [`a.b = 'x y'`, `a.b = "x y"`],
    [`a.b = "x"`, `a.b = x`],
    [`a.b = "it's"`, `a.b = "it's"`],
    [`a.b = 'say "x"'`, `a.b = "say \\"x\\""`],
    [`a.b = "say \\"x\\""`, `a.b = "say \\"x\\""`],
    [`a.b = "a\\'b"`, bad],
    [`a.b = "abc\\\\"`, bad],
    [`a.b = "a\\\\b"`, `a.b = "a\\\\b"`],
    [`a.b = "a\\ b"`, `a.b = "a\\\\b"`],
    [`a.b = "\\b\\f\\n\\r\\t\\/"`, `a.b = "\\b\\f\\n\\r\\t/"`],
    [`a.b = "\\x41\\x7a"`, `a.b = Az`],
    [`a.b = "\\x4"`, bad],
    [`a.b = "\\d"`, bad],
    [`a.b = "\\."`, bad],
    [`a.b regex \\d+`, `a.b regex "\\\\d+"`],
    [`a.b = x=y`, bad],
    [`a.b = "x=y"`, `a.b = "x=y"`],
    [`a.b = "x,y(z)"`, `a.b = x,y(z)`],
    [`a.b = "open`, bad],
    [`a.b = ""and c`, `(a.b =  and c)`],
  ]);
});

t.test("1 grammar: depth", (t) => {
  const nested = (levels: number): string => `${"(".repeat(levels)}a${")".repeat(levels)}`;
  t.equal(printed(nested(190)), "a");
  t.equal(printed(nested(250)), "too-deep");
  t.end();
});

t.test("2 values: numbers", (t) => {
  check(t, [
    ["proc.pid = 5", { "proc.pid": 5 }, true],
    ['proc.pid = " 5"', { "proc.pid": "5" }, true],
    ["proc.pid = +5", { "proc.pid": 5 }, true],
    ["proc.pid = -5", { "proc.pid": -5 }, true],
    ['proc.pid = "5 "', {}, "bad-value"],
    ["proc.pid = 0x5", {}, "bad-value"],
    ["proc.pid = 5.0", {}, "bad-value"],
    ["proc.pid = 5e+1", {}, "bad-value"],
    ["proc.pid < 0x5", {}, "bad-value"],
    ['proc.pid = ""', {}, "bad-value"],
    ["user.uid = -1", { "user.uid": 4_294_967_295 }, true],
    ["evt.num = 18446744073709551615", { "evt.num": "18446744073709551615" }, true],
    ["evt.num > 9007199254740993", { "evt.num": "9007199254740994" }, true],
    ["evt.num = 9007199254740993", { "evt.num": "9007199254740992" }, false],
    ["my.u8 = 257", { "my.u8": 1 }, true],
    ["my.i8 = 255", { "my.i8": -1 }, true],
    ["evt.cpu = 65537", { "evt.cpu": 1 }, true],
    ["my.f64 = 1", { "my.f64": 1 }, true],
    ["my.f64 < 2", { "my.f64": 1.5 }, true],
    ["my.f64 = 1.5", {}, "bad-value"],
    ["fd.sport = 80", { "fd.sport": 80 }, true],
    ["fd.sport = http", { "fd.sport": 80 }, true],
    ["fd.sport in (ssh, domain)", { "fd.sport": 53 }, true],
    ['fd.sport = ""', { "fd.sport": 0 }, true],
    ["fd.sport = no-such-service", {}, "bad-value"],
    ["evt.is_async = true", { "evt.is_async": true }, true],
    ["evt.is_async != true", { "evt.is_async": false }, true],
    ["evt.is_async = 1", {}, "bad-value"],
    ["evt.is_async = True", {}, "bad-value"],
  ]);
});

t.test("2 values: addresses, texts", (t) => {
  const v4 = { "fd.sip": "10.1.2.3" };
  const v6 = { "fd.sip": "2001:db8::1" };
  check(t, [
    ["fd.sip = 10.1.2.3", v4, true],
    ["fd.sip = 10.1.2.4", v4, false],
    ["fd.sip = 2001:db8:0::1", v6, true],
    ["fd.sip = 2001:db8::1", v4, false],
    ["fd.sip != 2001:db8::1", v4, true],
    ["fd.sip = localhost", {}, "bad-value"],
    ["fd.sip = 10.1.2", {}, "bad-value"],
    ["fd.sip = ::ffff:10.1.2.3", {}, "bad-value"],
    ["fd.snet = 10.1.0.0/16", v4, true],
    ["fd.snet = 10.1.99.99/16", v4, true],
    ["fd.snet = 0.0.0.0/0", v4, true],
    ["fd.snet = 10.1.2.3/33", {}, "bad-value"],
    ["fd.snet = 2001:db8::/32", v6, true],
    ["fd.snet = ::/0", {}, "bad-value"],
    ["fd.snet = 10.1.2.3", {}, "bad-value"],
    ["fd.snet = localnet", {}, "bad-value"],
    ["fd.snet != 10.1.0.0/16", v4, false],
    ["fd.snet != 10.2.0.0/16", v4, true],
    ["fd.snet in (10.2.0.0/16, 10.1.0.0/16)", v4, true],
    ["fd.snet in (10.2.0.0/16, 2001:db8::/32)", v4, false],
    [`proc.name = ${"x".repeat(255)}`, { "proc.name": "x".repeat(255) }, true],
    [`proc.name = ${"x".repeat(256)}`, {}, "bad-value"],
    [`proc.name = "a\\x00b"`, {}, "bad-value"],
    ["proc.name = ab", { "proc.name": { hex: "6162006364" } }, true],
    ["proc.name icontains ÄB", { "proc.name": "xÄby" }, true],
    ["proc.name icontains äb", { "proc.name": "xÄby" }, false],
    ["len(proc.name) = 2", { "proc.name": "ä" }, true],
    [`proc.name contains "\\xff"`, { "proc.name": { hex: "41ff42" } }, true],
  ]);
});

t.test("3 operators on text", (t) => {
  const curl = { "proc.name": "curl" };
  check(t, [
    ["proc.name = curl", curl, true],
    ["proc.name == curl", curl, true],
    ["proc.name != curl", curl, false],
    ["proc.name = Curl", curl, false],
    ["proc.name < 5", { "proc.name": "10" }, true],
    ["proc.name >= 5", { "proc.name": "a" }, true],
    ["proc.name contains ur", curl, true],
    ['proc.name contains ""', curl, true],
    ["proc.name icontains UR", curl, true],
    ["proc.name startswith cu", curl, true],
    ["proc.name endswith rl", curl, true],
    ["proc.name bcontains 6375", curl, "operator-type"],
    ["proc.name glob c*l", curl, true],
    ["proc.name glob C*", curl, false],
    ["proc.name iglob C?R*", curl, true],
    ["fd.name glob /etc/*", { "fd.name": "/etc/a/.b" }, true],
    ["proc.name glob [a-c]url", curl, true],
    ["proc.name glob [!a-c]url", curl, false],
    ["proc.name glob [^x]url", curl, true],
    ["proc.name glob [[:alpha:]]url", curl, true],
    ['proc.name glob "c\\\\url"', curl, true],
    ['proc.name glob "c\\\\*"', curl, false],
    ["proc.name glob ur", curl, false],
    ['proc.name glob ""', curl, false],
    ['proc.name glob ""', { "proc.name": "" }, true],
    ["proc.name regex c.*", curl, true],
    ["proc.name regex ur", curl, false],
    ["proc.name regex ^c.rl$", curl, true],
    ["proc.name regex a.b", { "proc.name": "a\nb" }, false],
    ["proc.name regex c[[:alpha:]]+", curl, true],
    ["proc.name regex a.c", { "proc.name": "aäc" }, true],
    ["proc.name regex \\d+", curl, "bad-regex"],
    ["proc.name regex \\w", curl, "bad-regex"],
    ['proc.name regex "(?i)c"', curl, "bad-regex"],
    ['proc.name regex "("', curl, "bad-regex"],
    ["proc.name in (a, curl)", curl, true],
    ["proc.name in ()", curl, false],
    ["proc.name in curl", curl, true],
    ["proc.name intersects (a, curl)", curl, true],
    ["proc.name exists", curl, true],
    ["fd.name pmatch (/etc)", { "fd.name": "/etc/passwd" }, true],
    ["fd.name pmatch (/etc)", { "fd.name": "/etcetera" }, false],
    ["fd.name pmatch (/a//b/)", { "fd.name": "a/b/c" }, true],
    ["fd.name pmatch (/x, /usr/*/bin)", { "fd.name": "/usr/local/bin/x" }, true],
    ["fd.name pmatch (/)", { "fd.name": "anything" }, true],
    ['fd.name pmatch ("")', { "fd.name": "" }, true],
    ["fd.name pmatch ()", { "fd.name": "/etc" }, false],
    ["proc.name = oneof (a, curl)", curl, true],
    ["proc.name = oneof (curl, curl)", curl, false],
    ["proc.name startswith anyof (x, cu)", curl, true],
    ["proc.name contains allof (c, u, r)", curl, true],
    ["proc.name contains allof (c, x)", curl, false],
    ["proc.name = anyof ()", curl, false],
    ["proc.name != allof ()", curl, false],
    ["my.list = anyof (a)", {}, "operator-type"],
  ]);
});

t.test("3 operators on other types", (t) => {
  const bytes = { "my.bytes": { hex: "00ff41" } };
  const list = { "my.list": ["a", "b"] };
  check(t, [
    ["proc.pid != 5", { "proc.pid": 6 }, true],
    ["proc.pid in (5, 6)", { "proc.pid": 6 }, true],
    ["proc.pid contains 5", {}, "operator-type"],
    ["proc.pid glob 5", {}, "operator-type"],
    ["proc.pid pmatch (5)", {}, "operator-type"],
    ["evt.is_async in (true, false)", { "evt.is_async": true }, true],
    ["evt.is_async < 1", {}, "operator-type"],
    ["fd.sip < 1", {}, "operator-type"],
    ["fd.sip startswith 1", {}, "operator-type"],
    ["fd.sip in (10.0.0.1, ::1)", { "fd.sip": "::1" }, true],
    ["my.bytes contains A", bytes, true],
    ["my.bytes startswith A", bytes, false],
    ["my.bytes endswith A", bytes, true],
    ["my.bytes bcontains FF41", bytes, true],
    ["my.bytes bstartswith 00ff", bytes, true],
    ["my.bytes bcontains ff4", bytes, "bad-value"],
    ["my.bytes bcontains zz", bytes, "bad-value"],
    ["my.bytes regex A", bytes, "operator-type"],
    ["my.bytes icontains a", bytes, "operator-type"],
    ["my.bytes < 1", bytes, "operator-type"],
    ["my.list = a", list, "operator-type"],
    ["my.list contains a", list, "operator-type"],
    ["my.list in (a, b, c)", list, true],
    ["my.list in (a)", list, false],
    ["my.list intersects (a, z)", list, true],
    ["my.list intersects (z)", list, false],
    ["my.list exists", list, true],
    ["my.nums in (1, 2)", { "my.nums": [1, 2] }, true],
  ]);
});

t.test("3 missing values", (t) => {
  check(t, [
    ["fd.name = x", {}, false],
    ["fd.name != x", {}, false],
    ["not fd.name = x", {}, true],
    ["fd.num < 5", {}, false],
    ["fd.name in ()", {}, false],
    ["fd.name != allof (a)", {}, false],
    ["fd.name exists", {}, false],
    ["fd.name exists", { "fd.name": null }, false],
    ["fd.name exists", { "fd.name": "" }, true],
    ["proc.name = val(proc.pname)", { "proc.name": "a" }, false],
    ["proc.name != val(proc.pname)", { "proc.name": "a" }, false],
    ["proc.name = tolower(proc.pname)", { "proc.name": "a" }, false],
    ["user.name = <NA>", { "user.name": "<NA>" }, true],
  ]);
});

t.test("3 ancestors", (t) => {
  const chain = { "proc.aname": ["sh", "tini"], "proc.aname[2]": "tini", "proc.apid": [9, 1] };
  check(t, [
    ["proc.aname = tini", chain, true],
    ["proc.aname = curl", chain, false],
    ["proc.aname != sh", chain, true],
    ["not proc.aname = sh", chain, false],
    ["proc.aname in (x, sh)", chain, true],
    ["proc.aname startswith ti", chain, true],
    ["proc.aname[2] = tini", chain, true],
    ["proc.aname[7] exists", chain, false],
    ["proc.aname[x] = a", chain, "field-argument"],
    ["proc.apid = 9", chain, true],
    ["proc.apid in (9)", chain, false],
    ["proc.apid[1] in (9)", { "proc.apid[1]": 9 }, true],
    ["proc.aname = val(proc.name)", chain, "right-field"],
    ["tolower(proc.aname) = a", chain, "field-use"],
  ]);
});

t.test("3 ends of a connection, event types, arguments", (t) => {
  const ends = { "fd.cip": "10.0.0.1", "fd.sip": "1.1.1.1", "fd.cport": 4000, "fd.sport": 53 };
  const server = { "fd.sip": "0.0.0.0", "fd.sport": 80 };
  check(t, [
    ["fd.ip = 10.0.0.1", ends, true],
    ["fd.ip = 1.1.1.1", ends, true],
    ["fd.ip != 1.1.1.1", ends, false],
    ["fd.ip != 2.2.2.2", ends, true],
    ["fd.ip != 2.2.2.2", {}, false],
    ["fd.ip in (1.1.1.1)", ends, false],
    ["fd.ip = 0.0.0.0", server, true],
    ["fd.port = 53", ends, true],
    ["fd.port in (53, 54)", ends, true],
    ["fd.port > 3999", ends, true],
    ["fd.port != 53", ends, false],
    ["fd.port != 80", server, false],
    ["fd.net = 10.0.0.0/8", ends, true],
    ["fd.net != 10.0.0.0/8", ends, false],
    ["fd.net in (10.0.0.0/8, 9.0.0.0/8)", ends, true],
    ["fd.net in (9.0.0.0/8, 10.0.0.0/8)", ends, false],
    ["fd.ip = val(fd.sip)", ends, "right-field"],
    ["fd.sip = val(fd.cip)", ends, false],
    ["fd.snet = val(fd.cnet)", ends, "right-field"],
    ["len(fd.ip) = 1", ends, "field-use"],
    ["fd.sip.name = tolower(fd.name)", ends, "right-field"],
    ["evt.type = execve", {}, true],
    ["evt.type = open", { "evt.type": "open" }, true],
    ["evt.type = opne", {}, "unknown-value"],
    ["evt.type startswith ope", {}, "unknown-value"],
    ["evt.type in (open, nothing)", {}, "unknown-value"],
    ["evt.type.is.open = 1", { "evt.type": "open" }, true],
    ["evt.dir = <", {}, true],
    ["evt.latency = 0", {}, true],
    ["evt.arg.flags contains O_TRUNC", { "evt.arg.flags": "O_TRUNC|O_CREAT" }, true],
    ["evt.arg.nonsense = x", {}, "field-argument"],
    ["evt.arg[0] = x", { "evt.arg[0]": "x" }, true],
    ["evt.arg[x] = x", {}, "field-argument"],
    ["evt.arg = x", {}, "field-argument"],
    ["evt.rawarg.uid = 5", { "evt.rawarg.uid": 5 }, true],
    ["evt.rawarg.uid in (5)", { "evt.rawarg.uid": 5 }, false],
    ["evt.rawarg.name in (a)", { "evt.rawarg.name": "a" }, true],
    ["evt.rawarg.uid = x", {}, "bad-value"],
    ["proc.nosuch = x", {}, "unknown-field"],
    ["proc.name[1] = x", {}, "field-argument"],
    ["evt.arg.flags[1] = x", {}, "field-argument"],
    ["evt.outputtime = x", {}, "field-use"],
  ]);
});

t.test("3 fields on the right", (t) => {
  const names = { "proc.name": "sh", "proc.pname": "SH", "proc.pid": 5, "proc.ppid": 5 };
  check(t, [
    ["proc.name = val(proc.pname)", names, false],
    ["proc.name = tolower(proc.pname)", names, true],
    ["proc.name in tolower(proc.pname)", names, false],
    ["proc.pid = val(proc.ppid)", names, true],
    ["proc.pid <= val(proc.ppid)", names, true],
    ["proc.pid = val(proc.name)", names, "right-field"],
    ["proc.pid = val(user.uid)", names, "right-field"],
    ["proc.name startswith val(proc.name)", names, true],
    ["proc.name contains val(proc.name)", names, true],
    ["proc.name regex val(proc.name)", names, "right-field"],
    ["proc.name pmatch val(proc.name)", names, "right-field"],
    ["my.list in val(my.words)", { "my.list": ["a"], "my.words": ["a", "b"] }, true],
    ["my.list intersects val(my.words)", { "my.list": ["a", "z"], "my.words": ["a"] }, true],
    ["my.list in val(proc.name)", names, "right-field"],
    ["proc.name = proc.pname", { "proc.name": "proc.pname" }, true],
  ]);
});

t.test("4 transformers", (t) => {
  const words = { "my.list": ["-a", "-b", "x", "--long", "-cval", "-z", "rest", "-a"] };
  check(t, [
    ["tolower(proc.name) = ab", { "proc.name": "AB" }, true],
    ["toupper(proc.name) = ÄB", { "proc.name": "Äb" }, true],
    ["basename(proc.exepath) = sh", { "proc.exepath": "/bin/sh" }, true],
    ['basename(proc.exepath) = ""', { "proc.exepath": "/bin/" }, true],
    ["b64(proc.name) = hi", { "proc.name": "aGk=" }, true],
    ["b64(proc.name) = hi", { "proc.name": "aGk" }, true],
    ["b64(proc.name) exists", { "proc.name": "!!" }, false],
    ["len(proc.name) = 4", { "proc.name": "curl" }, true],
    ["len(my.bytes) = 3", { "my.bytes": { hex: "000000" } }, true],
    ["len(my.list) = 8", words, true],
    ["len(proc.pid) = 1", {}, "transformer"],
    ["tolower(proc.pid) = a", {}, "transformer"],
    ["tolower(proc.name)[x] = a", {}, "transformer"],
    ["tolower(toupper(basename(proc.exepath))) = sh", { "proc.exepath": "/bin/Sh" }, true],
    ["join('-', my.list) = a-b", { "my.list": ["a", "b"] }, true],
    ["join(',', (proc.name, 1, 'x')) = 'a,1,x'", { "proc.name": "a" }, true],
    ["join(',', (proc.name, proc.pname)) exists", { "proc.name": "a" }, false],
    ["concat(proc.name, '-', 5) = a-5", { "proc.name": "a" }, true],
    ["concat(proc.name) = a", {}, "transformer"],
    ["concat(proc.name, proc.pname) exists", { "proc.name": "a" }, false],
    ["getopt(my.list, 'ab:c:')[b] = x", words, true],
    ["getopt(my.list, 'ab:c:')[a] = a", words, true],
    ["getopt(my.list, 'ab:c:')[c] = val", words, true],
    ["getopt(my.list, 'ab:c:')[d] exists", words, false],
    ["getopt(my.list, 'ab:c:') intersects (?)", words, true],
    ["getopt(my.list, 'ab:c:') intersects (rest)", words, false],
    ["getopt(my.list, 'b:')[b] = ''", { "my.list": ["-b"] }, true],
    ["getopt(my.list, 'ab')[b] exists", { "my.list": ["-a", "--", "-b"] }, false],
    ["evt.rawarg.uid = 1 or tolower(evt.rawarg.name) = x", {}, "field-use"],
  ]);
});

t.test("8 event types of a condition", (t) => {
  const rows: readonly (readonly [string, readonly string[] | "broad"])[] = [
    ["evt.type = open", ["open"]],
    ["syscall.type = open", ["open"]],
    ["evt.type in (open, openat) and proc.name = x", ["open", "openat"]],
    ["evt.type = open or evt.type = connect", ["connect", "open"]],
    ["evt.type = open and evt.type = connect", []],
    ["evt.type = open or proc.name = x", "broad"],
    ["not (evt.type != open or proc.name = x)", ["open"]],
    ["not evt.type = open", "broad"],
    ["not not evt.type = open", ["open"]],
    ["proc.name = x", "broad"],
    ["not proc.name = x", "broad"],
    ["evt.type startswith open", "broad"],
    ["evt.num = 0", []],
    ["evt.num >= 0", "broad"],
    ["not evt.num = 0", "broad"],
    ["evt.type exists", "broad"],
    ["not evt.type exists", []],
  ];
  for (const [condition, expected] of rows) {
    const parsed = parseCondition(condition);
    const { names, isBroad } = parsed.ok ? eventTypesOf(parsed.expr) : { names: [], isBroad: true };
    t.same(isBroad ? "broad" : names, expected, condition);
  }
  t.end();
});

/** What a format prints: the text, `…` behind what a missing value cut off, or `error`. */
function rendered(format: string, event: Event): string {
  const source = wholeSource({ name: "f", text: format });
  const { template, diagnostics } = compileTemplate(source, subject.catalogue);
  if (diagnostics.some(({ severity }) => severity === "error")) return "error";
  const { text, isComplete } = template.render(readRecordEvent(event, subject));
  return isComplete ? text : `${text}…`;
}

t.test("9 output formats", (t) => {
  const event = {
    "proc.name": "curl",
    "proc.pid": 7,
    "proc.env[HOME]": "/root",
    "evt.arg.flags": "X",
    "my.list": ["a", "b"],
    "my.f64": 1.25,
    "my.bytes": { hex: "4100ff" },
    "fd.dev": 2049,
    "fd.sip": "2001:db8:0:0:1:0:0:1",
    "fd.cip": "1.2.3.4",
    "evt.is_async": true,
    $ts: "1700000005000000789",
  };
  const rows: readonly (readonly [string, string])[] = [
    ["a %proc.name b", "a curl b"],
    ["%proc.namezz", "curlzz"],
    ["%proc.name.zz", "curl.zz"],
    ["%proc.name[0]", "curl[0]"],
    ["%proc.name%proc.pid", "curl7"],
    ["%proc.env[HOME]", "/root"],
    ['%proc.env["HOME"]', "/root"],
    ["%evt.arg.flagszz", "Xzz"],
    ["%10proc.name|", "curl      |"],
    ["%2proc.name|", "cu|"],
    ["%0proc.name|", "curl|"],
    ["%toupper(proc.name)", "CURL"],
    ["%concat(proc.name, '-', proc.name)", "curl-curl"],
    ["*%proc.exe|", "<NA>|"],
    ["a %proc.exe b", "a …"],
    ["*", ""],
    ["", "error"],
    ["%", "error"],
    ["a%", "error"],
    ["%12", "error"],
    ["100%% sure", "error"],
    ["%nothing.here", "error"],
    ["%val(proc.name)", "error"],
    ["%fd.ip", "error"],
    ["%my.list", "(a,b)"],
    ["%my.f64", "1.3"],
    ["%my.bytes", "A.."],
    ["%fd.dev", "801"],
    ["%fd.sip %fd.cip", "2001:db8::1:0:0:1 1.2.3.4"],
    ["%evt.is_async", "true"],
    ["%evt.time", "22:13:25.000000789"],
    ["%evt.time.iso8601", "2023-11-14T22:13:25.000000789+0000"],
    ["%evt.rawtime %evt.rawtime.ns", "1700000005000000789 000000789"],
    ["*%len(proc.name)", "<NA>"],
    ["%container.info", ""],
  ];
  for (const [format, expected] of rows) {
    const shown = rendered(format, event);
    // Rounding of halves is the printer's: both neighbours of 1.25 are right.
    t.equal(format === "%my.f64" ? shown.replace("1.2", "1.3") : shown, expected, format);
  }
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
