// SPDX-License-Identifier: Apache-2.0
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t, { type Test } from "tap";
import { run } from "./command.ts";

const checkout = fileURLToPath(new URL("../..", import.meta.url));
const textOf = (name: string): string => readFileSync(join(checkout, "systemd", name), "utf8");
const unit = textOf("execwarden.service");

/** Lays units down for systemd-analyze, with a program that is there whether it is installed or not. */
function layUnits(t: Test, units: Readonly<Record<string, string>>): readonly string[] {
  const program =
    /\/usr\/bin\/execwarden|\/usr\/lib\/execwarden\/(after-end\.sh|\S+\/execwarden-authz)/g;
  const there = Object.entries(units).map(
    ([name, text]) => [name, text.replaceAll(program, process.execPath)] as const,
  );
  const folder = t.testdir(Object.fromEntries(there));
  return there.map(([name]) => join(folder, name));
}

const layUnit = (t: Test, text: string): string =>
  layUnits(t, { "execwarden.service": text })[0] ?? "";

const { code: absence } = await run("systemd-analyze", ["--version"]);
const skip = absence === 0 ? false : "no systemd-analyze here (apt-get install systemd)";
const security = ["security", "--offline=yes", "--threshold=36", "--no-pager"];

t.test("systemd takes every line of the units", { skip }, async (t) => {
  const names = ["execwarden.service", "execwarden-authz.service", "execwarden-authz.socket"];
  const units = Object.fromEntries(names.map((name) => [name, textOf(name)]));
  const { code, stderr } = await run("systemd-analyze", ["verify", ...layUnits(t, units)]);
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
