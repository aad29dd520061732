// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { compareMemory, isSameArgv, type ArgvVerdict } from "../../daemon/tracer/argv-compare.ts";

const long = Array.from({ length: 400 }, (_, index) => `${index}`.padStart(100, "x"));

t.test("the kernel's own copy", (t) => {
  const rows: readonly (readonly [
    string,
    readonly string[],
    readonly string[],
    boolean,
    boolean,
  ])[] = [
    ["the same", ["a", "b"], ["a", "b"], false, true],
    ["another string", ["a", "b"], ["a", "c"], false, false],
    ["one more", ["a"], ["a", "b"], false, false],
    ["one less", ["a", "b"], ["a"], false, false],
    ["another argv[0]", ["a"], ["b"], false, false],
    ["split elsewhere", ["a b"], ["a", "b"], false, false],
    ["none", [], [""], false, true],
    ["none, and one", [], ["a"], false, false],
    ["a script", ["./s", "x"], ["/bin/sh", "./s", "x"], true, true],
    ["its interpreter has an argument", ["./s", "x"], ["/bin/sh", "-e", "./s", "x"], true, true],
    ["a script, other arguments", ["./s", "x"], ["/bin/sh", "./s", "y"], true, false],
    ["very long, cut by the snapshot", long.slice(0, 300), long, false, true],
    ["very long, another head", ["y", ...long.slice(1, 300)], long, false, false],
  ];
  for (const [name, judged, copied, isScript, wanted] of rows)
    t.equal(isSameArgv(judged, copied, isScript), wanted, name);
  t.end();
});

t.test("the memory of the process", (t) => {
  const rows: readonly (readonly [string, readonly string[], string, number, ArgvVerdict])[] = [
    ["the same", ["a", "b"], "a\0b\0", 4, "same"],
    ["as many bytes and strings", ["a", "b"], "a\0c\0", 4, "changed"],
    ["room of another size", ["a", "b"], "a\0bb\0", 5, "changed"],
    ["a title over all of it", ["a", "b"], "tit\0", 4, "rewritten"],
    ["a title without an end", ["a", "b"], "titl", 4, "rewritten"],
    ["none", [], "\0", 1, "same"],
    ["more than was read", ["a", "b"], "a\0", 4, "same"],
  ];
  for (const [name, judged, bytes, length, wanted] of rows)
    t.equal(compareMemory(judged, { bytes, length }, false), wanted, name);
  const script = { bytes: "/bin/sh\0./s\0y\0", length: 14 };
  t.equal(compareMemory(["./s", "y"], script, true), "same");
  t.equal(compareMemory(["./s", "x"], script, true), "changed");
  t.equal(compareMemory(["./s", "x"], { bytes: "title\0", length: 6 }, true), "rewritten");
  t.end();
});
