// Mounts, namespaces and control groups that the engine knows nothing of, and other containers.
// SPDX-License-Identifier: Apache-2.0
import { attack, curl, nap, started, usage, type Technique } from "./technique.ts";

/** Mounts a tmpfs and copies a static program there, each by an exec (a shell may have its own `cp`), before `then`. */
const laterTmpfs = (place: string, ...then: readonly string[]): string =>
  [
    `/bin/mkdir -p ${place}`,
    `/bin/mount -t tmpfs none ${place}`,
    `/bin/cp /bin/busybox ${place}/busybox`,
    ...then,
  ].join(" && ");

/** Out of the container's control groups: into the root of each hierarchy. */
const leaveGroups =
  "/bin/cut -d: -f2 /proc/self/cgroup | while read -r kind; do mkdir -p /tmp/groups/$kind; " +
  "if [ -z $kind ]; then mount -t cgroup2 none /tmp/groups; else mount -t cgroup -o $kind none /tmp/groups/$kind; fi; " +
  "echo $$ >/tmp/groups/$kind/cgroup.procs; done";

export const elsewhere: readonly Technique[] = [
  { name: "tmpfs mounted later", where: "privileged", argv: attack("tmpfs"), expected: "denied" },
  {
    name: "nested container's overlay",
    where: "privileged",
    argv: attack("overlay"),
    expected: "denied",
  },
  {
    name: "mount namespace of its own",
    where: "privileged",
    argv: attack("mount-namespace"),
    expected: "denied",
  },
  {
    name: "user namespace of its own",
    where: "privileged",
    user: "1000",
    argv: attack("user-namespace"),
    expected: "denied",
  },
  {
    name: "detached mount",
    where: "privileged",
    argv: attack("detached-mount"),
    expected: "denied",
  },
  {
    name: "static program on a tmpfs mounted later",
    where: "privileged",
    script: laterTmpfs("/tmp/later", "/tmp/later/busybox wget --help"),
    ran: usage,
    expected: "denied",
  },
  {
    name: "static program on a bind mount made later",
    where: "privileged",
    script:
      "/bin/mkdir -p /tmp/bound && /bin/mount --bind /tools /tmp/bound && " +
      "/bin/cp /bin/busybox /tmp/bound/busybox && /tmp/bound/busybox wget --help",
    ran: usage,
    expected: "denied",
  },
  {
    name: "static program on a nested overlay",
    where: "privileged",
    script: laterTmpfs(
      "/tmp/inner",
      "/bin/mkdir /tmp/inner/l /tmp/inner/u /tmp/inner/w /tmp/inner/m",
      "/bin/mount -t overlay -o lowerdir=/tmp/inner/l,upperdir=/tmp/inner/u,workdir=/tmp/inner/w o /tmp/inner/m",
      "/bin/cp /bin/busybox /tmp/inner/m/busybox",
      "/tmp/inner/m/busybox wget --help",
    ),
    ran: usage,
    expected: "denied",
  },
  {
    name: "static program in a mount namespace of its own",
    where: "privileged",
    argv: [
      "/bin/unshare",
      "-m",
      "/bin/sh",
      "-c",
      laterTmpfs("/tmp/apart", "/tmp/apart/busybox wget --help"),
    ],
    ran: usage,
    expected: "denied",
  },
  {
    name: "static program in a user namespace of its own",
    where: "privileged",
    user: "1000",
    argv: [
      "/bin/unshare",
      "-U",
      "-r",
      "-m",
      "/bin/sh",
      "-c",
      laterTmpfs("/tmp/apart2", "/tmp/apart2/busybox wget --help"),
    ],
    ran: usage,
    expected: "denied",
  },
  {
    name: "static program, new mount namespace, no exec between",
    where: "privileged",
    argv: attack("mount-namespace", ...nap),
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "static program on a detached mount",
    where: "privileged",
    argv: attack("detached-mount", ...nap),
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "static program, new mount namespace, no exec between, a second later",
    where: "privileged",
    argv: attack("later", "mount-namespace", "/bin/busybox", "wget", "--help"),
    ran: usage,
    expected: "out of reach",
  },
  {
    name: "static program on a detached mount, a second later",
    where: "privileged",
    argv: attack("later", "detached-mount", "/bin/busybox", "wget", "--help"),
    ran: usage,
    expected: "out of reach",
  },
  {
    name: "nsenter into another container",
    where: "privileged",
    argv: ["/bin/nsenter", "-t", "VICTIM", "-m", curl, "-V"],
    expected: "denied",
  },
  {
    name: "chroot into another container",
    where: "privileged",
    argv: ["/bin/chroot", "/proc/VICTIM/root", curl, "-V"],
    expected: "denied",
  },
  {
    name: "nsenter from the host",
    where: "host",
    argv: ["nsenter", "-t", "VICTIM", "-m", curl, "-V"],
    expected: "denied",
  },
  {
    name: "pid namespace of its own",
    where: "privileged",
    script: `/bin/unshare -p -f /bin/sh -c '${curl} -V; :'`,
    expected: "denied",
  },
  {
    name: "other control groups",
    where: "privileged",
    script: `${leaveGroups}; ${curl} -V; :`,
    expected: "denied",
  },
  {
    name: "other control groups, copy in /dev",
    where: "privileged",
    script: `${leaveGroups}; cp ${curl} /dev/left; /dev/left -V; :`,
    expected: "denied",
  },
  {
    name: "other control groups, copy on a volume",
    where: "privileged",
    script: `${leaveGroups}; cp ${curl} /tools/left; /tools/left -V; :`,
    expected: "out of reach",
  },
  {
    name: "chroot into a bind mount of the host's root",
    where: "own",
    argv: [
      ...["--volume=/:/host", "--entrypoint=/bin/sh", "IMAGE", "-c"],
      `/bin/chroot /host ${curl} -V; :`,
    ],
    expected: "denied",
  },
  {
    name: "nsenter into the host",
    where: "privileged",
    argv: ["/bin/nsenter", "-t", "HOST", "-m", "TOOLS/attack", "nap", "20"],
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "mount namespace of the host, a second later",
    where: "privileged",
    argv: attack("later", "into", "/proc/HOST/ns/mnt", curl, "-V"),
    expected: "out of reach",
  },
];
