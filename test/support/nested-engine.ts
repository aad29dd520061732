// SPDX-License-Identifier: Apache-2.0
import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, realpathSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { promisify } from "node:util";
import { dockerAt, type TestEngine } from "./engine.ts";
import { images, librariesOf } from "./images.ts";
import { findProgram } from "./programs.ts";

const programs = ["dockerd", "containerd", "containerd-shim-runc-v2", "runc"];
const readyTimeoutMs = 30_000;
/** CAP_… by bit (linux/capability.h). */
const capabilities = [
  ...["CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID"],
  ...["SETPCAP", "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW"],
  ...["IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT"],
  ...["SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD"],
  ...["LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG"],
];

/** As `docker:dind` does: its control groups writable, and on cgroup v2 itself in a group of its own. */
const script = `
for group in /sys/fs/cgroup /sys/fs/cgroup/*; do mount -o remount,bind,rw "$group" 2>/dev/null; done
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
  mkdir -p /sys/fs/cgroup/init
  xargs -rn1 </sys/fs/cgroup/cgroup.procs >/sys/fs/cgroup/init/cgroup.procs
  sed 's/ / +/g; s/^/+/' </sys/fs/cgroup/cgroup.controllers >/sys/fs/cgroup/cgroup.subtree_control
fi
# runc 1.2 and newer runs what lies under its path in an overlay of its directory, in which no bind shows.
mkdir -p /own && cp "$(command -v runc)" /own && export PATH="/own:$PATH"
exec dockerd --host=unix:///nested/docker.sock --data-root=/data --exec-root=/run/docker \
  --pidfile=/run/docker.pid --bridge=none --iptables=false --ip-forward=false --ip-masq=false \
  --userland-proxy=false --log-level=warn >/nested/log 2>&1
`;

/**
 * Runs the machine's own dockerd, containerd and runc in a container with this name, which may all that this process
 * may, and hands the image of curl to it. Returns the docker CLI for it.
 */
export async function startNestedEngine(
  engine: TestEngine,
  name: string,
): Promise<TestEngine["docker"]> {
  const shared = join(engine.directory, "nested");
  mkdirSync(join(shared, "data"), { recursive: true });
  const files = await filesOf(programs);
  const path = `${dirname(findProgram("dockerd") ?? "/usr/sbin/dockerd")}:/usr/sbin:/usr/bin:/sbin:/bin`;
  const started = await engine.docker(
    ...["run", "--detach", `--name=${name}`, "--network=none", ...heldCapabilities()],
    `--env=PATH=${path}`,
    ...["seccomp", "apparmor", "systempaths"].map((what) => `--security-opt=${what}=unconfined`),
    ...files.map((file) => `--volume=${realpathSync(file)}:${file}:ro`),
    ...[`--volume=${shared}:/nested`, `--volume=${shared}/data:/data`],
    ...["--entrypoint=/bin/sh", images.curl, "-c", script],
  );
  if (started.code !== 0) throw new Error(`cannot start an engine inside: ${started.stderr}`);
  const docker = dockerAt(`unix://${shared}/docker.sock`, engine.directory);
  const deadlineMs = performance.now() + readyTimeoutMs;
  while ((await docker("version")).code !== 0) {
    if (performance.now() > deadlineMs) {
      const log = readFileSync(join(shared, "log"), "utf8").slice(-2_000);
      throw new Error(`cannot start an engine inside: it is silent\n${log}`);
    }
    await delay(100);
  }
  const archive = join(shared, "image.tar");
  await engine.docker("save", "--output", archive, images.curl);
  const loaded = await docker("load", "--input", archive);
  if (loaded.code !== 0) throw new Error(`cannot load the image inside: ${loaded.stderr}`);
  return docker;
}

/** The programs and the libraries that they need; the image has some of them itself. */
async function filesOf(names: readonly string[]): Promise<readonly string[]> {
  const files = new Set<string>();
  for (const name of names) {
    const path = findProgram(name);
    if (path === undefined) throw new Error(`cannot start an engine inside: no ${name}`);
    files.add(path);
    // A static program has none, and ldd says so by failing.
    const { stdout } = await promisify(execFile)("ldd", [path]).catch(() => ({ stdout: "" }));
    for (const library of librariesOf(stdout)) files.add(library);
    // One that has another loader than the machine's names it by its path.
    for (const [, loader = ""] of stdout.matchAll(/^\s+(\/\S+) => /gm)) files.add(loader);
  }
  return [...files].filter((file) => dirname(file) !== "/lib64");
}

/** --privileged asks for all there are, which a test that has fewer itself cannot give. */
function heldCapabilities(): readonly string[] {
  const held = /^CapBnd:\s+([0-9a-f]+)$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  const bits = BigInt(`0x${held ?? "0"}`);
  return capabilities
    .filter((_, bit) => ((bits >> BigInt(bit)) & 1n) === 1n)
    .map((name) => `--cap-add=${name}`);
}
