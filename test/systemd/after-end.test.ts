// The third end within half a minute gives up the gate that is kept; others do not.
// SPDX-License-Identifier: Apache-2.0
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { run } from "./command.ts";

const script = fileURLToPath(new URL("../../systemd/after-end.sh", import.meta.url));
const uptime = (): number => Math.floor(Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]));

for (const { name, endsAgo, isGivenUp } of [
  { name: "the first end", endsAgo: [], isGivenUp: false },
  { name: "the second end", endsAgo: [1], isGivenUp: false },
  { name: "the third end within half a minute", endsAgo: [20, 1], isGivenUp: true },
  { name: "the next one after that", endsAgo: [21, 20, 1], isGivenUp: true },
  { name: "the third end in a long time", endsAgo: [300, 1], isGivenUp: false },
]) {
  t.test(name, async (t) => {
    const said = join(t.testdir(), "said");
    const directory = t.testdir({ "systemd-notify": `#!/bin/sh\necho "$@" >${said}\n` });
    chmodSync(join(directory, "systemd-notify"), 0o755);
    const ends = join(directory, "ends");
    const now = uptime();
    if (endsAgo.length > 0) writeFileSync(ends, endsAgo.map((ago) => `${now - ago}\n`).join(""));
    const env = { PATH: `${directory}:${process.env["PATH"] ?? ""}` };
    const { code, stderr } = await run(script, [ends], env);
    t.equal(code, 0, stderr);
    t.equal(existsSync(said), isGivenUp);
    if (isGivenUp) t.equal(readFileSync(said, "utf8"), "FDSTOREREMOVE=1 FDNAME=execwarden-gate\n");
    t.ok(readFileSync(ends, "utf8").split("\n").length <= 4, "no more is kept than is needed");
  });
}
