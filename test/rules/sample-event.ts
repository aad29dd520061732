// SPDX-License-Identifier: Apache-2.0
import type { Container, Image } from "../../daemon/model/container.ts";
import type { ExecEvent, Host } from "../../daemon/model/event.ts";
import type { ExecutedFile, Process } from "../../daemon/model/process.ts";

/** What a row changes of the sample; everything else is `curl https://example.com` in a container. */
export interface SampleChanges {
  readonly process?: Partial<Process>;
  readonly file?: Partial<ExecutedFile>;
  readonly event?: Partial<ExecEvent>;
  readonly container?: Partial<Container>;
  readonly image?: Partial<Image>;
  /** No container at all. */
  readonly isOnHost?: boolean;
}

const host: Host = {
  hostname: "host-a",
  machineId: "0123456789abcdef0123456789abcdef",
  kernel: "6.1.0-13-amd64",
  bootId: "b0",
};

const image: Image = {
  reference: "byrnedo/alpine-curl:latest",
  repository: "byrnedo/alpine-curl",
  normalizedRepository: "docker.io/byrnedo/alpine-curl",
  tag: "latest",
  digest: `sha256:${"d".repeat(64)}`,
  digests: [`sha256:${"d".repeat(64)}`],
  id: `sha256:${"e".repeat(64)}`,
  labels: { "com.example.team": "platform" },
};

const container: Container = {
  id: "c".repeat(64),
  name: "quirky_curie",
  image,
  labels: { "com.docker.compose.project": "shop", "io.kubernetes.pod.name": "p" },
  compose: { project: "shop", service: "fetcher" },
  isPrivileged: false,
  mounts: [
    {
      type: "bind",
      source: "/var/run/docker.sock",
      destination: "/run/docker.sock",
      mode: "ro",
      isReadWrite: false,
      propagation: "rprivate",
    },
  ],
  user: "",
  networkMode: "bridge",
  state: "running",
  startedNs: 1_700_000_000_000_000_000n,
  isComplete: true,
};

const file: ExecutedFile = {
  path: "/usr/bin/curl",
  device: 42,
  inode: 7n,
  mode: 0o100755,
  uid: 0,
  gid: 0,
  size: 1000,
  mtimeNs: 1_600_000_000_000_000_000n,
  ctimeNs: 1_600_000_000_000_000_001n,
};

/** A process; what matters to a test is given. */
export function sampleProcess(changes: Partial<Process> = {}): Process {
  const { comm = "sh" } = changes;
  return {
    pid: 100,
    ppid: 1,
    vpid: 10,
    sid: 50,
    vsid: 1,
    pgid: 100,
    vpgid: 10,
    tty: 0,
    uid: 0,
    gid: 0,
    comm,
    exe: comm,
    exepath: `/usr/bin/${comm}`,
    argv: [comm],
    env: [],
    startTicks: 5n,
    startNs: 1_700_000_004_000_000_000n,
    ...changes,
  };
}

/** The sample event with changes. */
export function sampleEvent(changes: SampleChanges = {}): ExecEvent {
  const init = sampleProcess({ comm: "tini", pid: 50, vpid: 1, argv: ["tini", "--", "sh"] });
  const shell = sampleProcess({
    comm: "sh",
    pid: 60,
    vpid: 5,
    argv: ["sh", "-c", "go"],
    parent: init,
  });
  const curl = {
    comm: "curl",
    argv: ["curl", "https://example.com"],
    env: ["HOME=/root", "PATH=/bin"],
    cwd: "/work",
    parent: shell,
    ppid: 60,
  };
  const place = { ...container, image: { ...image, ...changes.image }, ...changes.container };
  return {
    kind: "exec",
    number: 1,
    timeNs: 1_700_000_005_123_456_789n,
    syscall: "execve",
    tid: 100,
    process: sampleProcess({ ...curl, ...changes.process }),
    file: { ...file, ...changes.file },
    isHeld: false,
    isArgvKnown: true,
    host,
    allowlists: new Set(),
    ...(changes.isOnHost === true ? {} : { container: place }),
    ...changes.event,
  };
}
