// By way of an engine: first execs, builds, the engine's socket, engines in containers, and engines with user namespaces.
// SPDX-License-Identifier: Apache-2.0
import { curl, usage, type Technique } from "./technique.ts";

const curlInShell = ["--entrypoint=/bin/sh", "IMAGE", "-c", `echo inside; ${curl} -V; :`];
const inside = /^inside$/m;

/** An ordinary engine. */
export const engines: readonly Technique[] = [
  { name: "entry point", where: "own", argv: ["IMAGE", "-V"], expected: "denied" },
  {
    name: "static entry point on a volume",
    where: "own",
    argv: ["--entrypoint=/tools/wget", "IMAGE", "--help"],
    ran: usage,
    expected: "denied",
  },
  {
    name: "RUN of a build",
    where: "docker",
    argv: ["build", "--network=none", "--no-cache", "TOOLS/build"],
    of: "ANY",
    expected: "denied",
  },
  {
    name: "container started by way of the engine's socket in another",
    where: "own",
    argv: [
      ...["--volume=DIRECTORY/docker.sock:/docker.sock", "--volume=DOCKER:/docker:ro"],
      ...["--entrypoint=/docker", "IMAGE", "--host=unix:///docker.sock"],
      ...["run", "--rm", "--network=none", "--name=NAME-inner", "IMAGE", "-V"],
    ],
    of: "NAME-inner",
    expected: "denied",
  },
  {
    name: "container of an engine in a container",
    where: "nested",
    argv: curlInShell,
    reached: inside,
    of: "engine",
    expected: "denied",
  },
  {
    name: "container of an engine in a container, entry point",
    where: "nested",
    argv: ["IMAGE", "-V"],
    reached: /operation not permitted/i,
    of: "engine",
    expected: "denied",
  },
  {
    name: "container that the engine knows nothing of (ctr run)",
    where: "host",
    argv: [
      ...["ctr", "--address", "DIRECTORY/exec/containerd/containerd.sock", "run", "--rm"],
      ...["--rootfs", "TOOLS/root", "by-hand", curl, "-V"],
    ],
    expected: "out of reach",
  },
];

/** An engine with user namespaces. */
export const remapped: readonly Technique[] = [
  { name: "entry point", argv: ["IMAGE", "-V"], by: { user: "root", uid: 231072 } },
  { name: "child of a shell", argv: curlInShell, reached: inside },
  {
    name: "its user 1000",
    argv: ["--user=1000", ...curlInShell],
    reached: inside,
    by: { user: "app", uid: 232072 },
  },
  {
    name: "copy with another name",
    argv: ["--entrypoint=/bin/sh", "IMAGE", "-c", `cp ${curl} /tmp/x; /tmp/x -V; :`],
  },
  {
    name: "copy on a tmpfs",
    argv: [
      ...["--tmpfs=/tmpfs:exec", "--entrypoint=/bin/sh", "IMAGE", "-c"],
      `cp ${curl} /tmpfs/x; /tmpfs/x -V; :`,
    ],
  },
].map((technique) => ({
  ...technique,
  name: `user namespace of the engine's, ${technique.name}`,
  ...{ engine: "remapped", where: "own", expected: "denied" },
}));
