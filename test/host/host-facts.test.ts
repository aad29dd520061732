// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import t from "tap";
import { readHost } from "../../daemon/host/host-facts.ts";

t.test("the host is told as the host tells it", async (t) => {
  const machineId = "/etc/machine-id";
  t.strictSame(await readHost(), {
    hostname: readFileSync("/proc/sys/kernel/hostname", "utf8").trim(),
    machineId: existsSync(machineId) ? readFileSync(machineId, "utf8").trim() : "",
    kernel: execFileSync("uname", ["-r"], { encoding: "utf8" }).trim(),
    bootId: readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim(),
  });
});
