// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { run } from "./command.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const unit = readFileSync(join(checkout, "systemd/execwarden.service"), "utf8");

/** Lays the unit down for systemd-analyze, with a program that is there whether it is installed or not. */
function layUnit(t: Test, text: string): string {
  const name = "execwarden.service";
  const there = text.replaceAll(
    /\/usr\/bin\/execwarden|\/usr\/lib\/execwarden\/after-end\.sh/g,
    process.execPath,
  );
  return join(t.testdir({ [name]: there }), name);
}

const { code: absence } = await run("systemd-analyze", ["--version"]);
const skip = absence === 0 ? false : "no systemd-analyze here (apt-get install systemd)";
const security = ["security", "--offline=yes", "--threshold=36", "--no-pager"];

t.test("systemd takes every line of the unit", { skip }, async (t) => {
  const { code, stderr } = await run("systemd-analyze", ["verify", layUnit(t, unit)]);
  t.equal(stderr, "");
  t.equal(code, 0);
});

t.test("a line that systemd does not know is noticed", { skip }, async (t) => {
  const text = unit.replace("[Service]", "[Service]\nWatchdog=30s");
  const { stderr } = await run("systemd-analyze", ["verify", layUnit(t, text)]);
  t.match(stderr, /Unknown key (name )?'Watchdog'/);
});

t.test("the unit's exposure is at most 3.6 of 10", { skip }, async (t) => {
  const { code, stdout } = await run("systemd-analyze", [...security, layUnit(t, unit)]);
  t.equal(code, 0, stdout.slice(-100));
});

t.test("a unit without its bounds is above that", { skip }, async (t) => {
  const text = unit.replace(/^CapabilityBoundingSet=.*$/m, "");
  const { code } = await run("systemd-analyze", [...security, layUnit(t, text)]);
  t.equal(code, 1);
});
