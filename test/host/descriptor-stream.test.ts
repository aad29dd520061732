// SPDX-License-Identifier: Apache-2.0
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";

const source = new URL("../../daemon/host/descriptor-stream.ts", import.meta.url).href;

/** Runs a script in a process of its own whose descriptor 1 is a pipe or a file. */
function run(script: string, stdout: "pipe" | number) {
  const code = `import { createDescriptorStream } from ${JSON.stringify(source)};
const stream = createDescriptorStream(1);
${script}`;
  const loaders = process.execArgv.filter((argument) => argument.startsWith("--import"));
  const child = spawn(process.execPath, [...loaders, "--input-type=module", "-e", code], {
    stdio: ["ignore", stdout, "pipe"],
  });
  let errors = "";
  child.stderr?.on("data", (chunk: Buffer) => (errors += chunk.toString()));
  const exit = new Promise<string>((resolve) => {
    child.on("close", (code, signal) => {
      resolve(`${code ?? signal ?? ""} ${errors.trim()}`);
    });
  });
  return { child, exit };
}

t.test("a pipe that nobody reads blocks neither the event loop nor the exit", async (t) => {
  const { child, exit } = run(
    `stream.on("error", () => undefined);
stream.write(Buffer.alloc(1 << 20, 65));
setTimeout(() => { console.error("alive"); process.exit(7); }, 50);`,
    "pipe",
  );
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  t.equal(await exit, "7 alive");
  clearTimeout(timer);
});

t.test("a file gets everything, in order", async (t) => {
  const path = join(t.testdir(), "out");
  const fd = openSync(path, "w");
  const { exit } = run(
    `for (let i = 0; i < 1000; i++) stream.write(i + "\\n");
stream.end();`,
    fd,
  );
  t.equal(await exit, "0 ");
  closeSync(fd);
  const expected = Array.from({ length: 1000 }, (_, i) => `${i}\n`).join("");
  t.equal(readFileSync(path, "utf8"), expected);
});
