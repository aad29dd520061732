// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { readConfinement, type Confinement } from "../../plugin/security-options.ts";

const read = (...options: readonly string[]): Confinement =>
  readConfinement(options, () => undefined);

const profile = (defaultAction: string, ...syscalls: readonly object[]): string =>
  `seccomp=${JSON.stringify({ defaultAction, syscalls })}`;
const strict = (...syscalls: readonly object[]): string => profile("SCMP_ACT_ERRNO", ...syscalls);
const allow = (names: readonly string[], more: object = {}): object => ({
  ...{ names, action: "SCMP_ACT_ALLOW" },
  ...more,
});
const mask = { index: 0, value: 2_114_060_288, valueTwo: 0, op: "SCMP_CMP_MASKED_EQ" };

t.test("a seccomp profile is what it lets through", (t) => {
  const rows: readonly (readonly [why: string, option: string, seccomp: string, allows: string])[] =
    [
      ["none", "no-new-privileges", "", ""],
      ["no profile", "seccomp=unconfined", "unconfined", "all"],
      ["as of old", "seccomp:unconfined", "unconfined", "all"],
      ["the engine's own", "seccomp=builtin", "builtin", ""],
      ["everything", profile("SCMP_ACT_ALLOW"), "permissive", "all"],
      ["everything, logged", profile("SCMP_ACT_LOG"), "permissive", "all"],
      ["everything but", profile("SCMP_ACT_ALLOW", { names: ["x"] }), "permissive", "all"],
      ["ordinary calls", strict(allow(["read", "write", "ptrace"])), "custom", ""],
      ["mount", strict(allow(["read", "mount"])), "custom", "mount"],
      ["a name alone", strict({ name: "bpf", action: "SCMP_ACT_ALLOW" }), "custom", "bpf"],
      ["refused", strict({ names: ["mount"], action: "SCMP_ACT_ERRNO" }), "custom", ""],
      [
        "what a capability brings",
        strict(allow(["mount"], { includes: { caps: ["CAP_SYS_ADMIN"] } })),
        "custom",
        "",
      ],
      [
        "a capability that everybody has",
        strict(allow(["mount"], { includes: { caps: ["CAP_CHOWN"] } })),
        "custom",
        "mount",
      ],
      [
        "a condition that always holds",
        strict(allow(["unshare"], { args: [{ index: 0, value: 0, op: "SCMP_CMP_GE" }] })),
        "custom",
        "unshare",
      ],
      ["new namespaces by clone", strict(allow(["clone"])), "custom", "clone"],
      ["clone without them", strict(allow(["clone"], { args: [mask] })), "custom", ""],
      [
        "a mask with a hole",
        strict(allow(["clone"], { args: [{ ...mask, value: 0 }] })),
        "custom",
        "clone",
      ],
      [
        "keys in any case, as Go reads them",
        'seccomp={"DEFAULTACTION":"SCMP_ACT_ALLOW"}',
        "permissive",
        "all",
      ],
      ["no JSON", "seccomp=/etc/profile.json", "unreadable", ""],
    ];
  for (const [why, option, seccomp, allows] of rows) {
    const found = read(option);
    t.equal(`${found.seccomp} ${found.seccompAllows.join(" ")}`, `${seccomp} ${allows}`, why);
  }
  t.equal(read("seccomp=builtin", "seccomp=unconfined").seccomp, "unconfined", "the last counts");
  t.equal(read("apparmor=mine", "seccomp=builtin").apparmor, "mine");
  t.equal(read("apparmor:unconfined").apparmor, "unconfined");
  t.end();
});

t.test("a profile with two readings is a doubt", (t) => {
  const doubts: string[] = [];
  const text = '{"defaultAction":"SCMP_ACT_ALLOW","defaultAction":"SCMP_ACT_ERRNO"}';
  readConfinement([`seccomp=${text}`], (kind) => doubts.push(kind));
  t.strictSame([...new Set(doubts)], ["duplicate-key"]);
  t.end();
});
