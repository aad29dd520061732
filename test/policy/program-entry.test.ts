// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { parseProgramEntry, programEntryText } from "../../daemon/policy/program-entry.ts";
import { toByteString } from "../../daemon/util/byte-string.ts";
import { hex64 } from "./samples.ts";

const rows: readonly [name: string, entry: string, path: string, isMatch: boolean][] = [
  ["a path is that path", "/usr/bin/curl", "/usr/bin/curl", true],
  ["and no longer one", "/usr/bin/curl", "/usr/bin/curl2", false],
  ["a star stays within a folder", "/usr/*/curl", "/usr/a/b/curl", false],
  ["two stars do not", "/usr/**", "/usr/a/b/curl", true],
  ["an escaped blank is a blank", "/a\\ b", "/a b", true],
  ["an escaped star is a star", "/a\\*", "/ab", false],
  ["and matches itself", "/a\\*", "/a*", true],
  ["an escaped backslash", "/a\\\\b", "/a\\b", true],
  ["a byte that is no text", "/a\\xff", "/a\xff", true],
  ["a letter beyond ASCII is its bytes", "/ä", toByteString("/ä"), true],
];
for (const [name, text, path, isMatch] of rows) {
  t.test(name, (t) => {
    const result = parseProgramEntry(text);
    if (!("entry" in result) || result.entry.kind !== "path") throw new Error(text);
    t.equal(result.entry.path.matches(path), isMatch);
    t.end();
  });
}

t.test("what stands behind the path", (t) => {
  t.match(parseProgramEntry("/bin/busybox ls"), {
    entry: { path: { literal: "/bin/busybox" }, applet: "ls" },
  });
  t.match(parseProgramEntry("/bin/sh  /app/*.sh"), {
    entry: { path: { literal: "/bin/sh" }, applet: undefined, operand: { literal: undefined } },
  });
  t.match(parseProgramEntry("/bin/busybox sh /app/run.sh"), {
    entry: { applet: "sh", operand: { literal: "/app/run.sh" } },
  });
  t.match(parseProgramEntry(`sha256:${hex64("a")}`), {
    entry: { kind: "digest", sha256: hex64("a") },
  });
  t.end();
});

const faults: readonly (readonly [text: string, problem: RegExp])[] = [
  ["", /expected a path of the image/],
  ["curl", /expected a path of the image/],
  ["/bin/sh /a /b", /expected a path of the image/],
  ["/bin/busybox sh /a /b", /expected a path of the image/],
  ["/bin/busybox sh ash", /expected a path of the image/],
  ["/bin/busybox a/b", /an applet is a name/],
  ["/bin/busybox l*", /an applet is a name/],
  ["/usr/../bin/curl", /as the kernel finds the file/],
  ["/usr//curl", /as the kernel finds the file/],
  ["/usr/", /as the kernel finds the file/],
  ["/bin/sh /app/./x", /as the kernel finds the file/],
  ["/a\\", /a backslash is followed/],
  ["/a\\x4", /a backslash is followed/],
  ["/a\\x00", /a backslash is followed/],
  ["sha256:ab", /a digest is sha256: and 64 digits/],
];
for (const [text, problem] of faults) {
  t.test(`"${text}" is no entry`, (t) => {
    t.match(parseProgramEntry(text), { problem });
    t.end();
  });
}

t.test("every path can be written, and is read as itself", (t) => {
  const odd = Array.from({ length: 255 }, (_, index) => String.fromCharCode(index + 1))
    .filter((byte) => byte !== "/")
    .join("");
  const text = programEntryText(`/${odd}`, odd, `/x${odd}`);
  t.match(text, /^[!-~]+ [!-~]+ [!-~]+$/, "plain ASCII and the blanks between words");
  t.match(parseProgramEntry(text), {
    entry: { path: { literal: `/${odd}` }, applet: odd, operand: { literal: `/x${odd}` } },
  });
  t.end();
});
