// The table of techniques: each is one way around a sensor of execs, tried in a real container. docs/bypasses.md has
// the same rows in words, and by name in its last section: bypasses.test.ts holds the two together.
// SPDX-License-Identifier: Apache-2.0

/** What became of an attempt. */
export type Fate = "denied" | "detected and killed" | "detected" | "out of reach";

/** One attempt. */
export interface Technique {
  readonly name: string;
  /**
   * The container it is tried in: an ordinary one; one that no policy speaks of; one whose image may only run what it
   * ships; a privileged one with the host's processes; or one of its own, which `argv` starts.
   */
  readonly where: "box" | "watched" | "strict" | "privileged" | "own" | "host";
  /** The user that `docker exec` acts as; root where left out. */
  readonly user?: string;
  /** For /bin/sh in the container. */
  readonly script?: string;
  /** Without a shell; behind `docker run` for a container of its own. VICTIM is the box's main process. */
  readonly argv?: readonly string[];
  readonly expected: Fate;
  /** What shows that the program did run, where it is not the version line of curl. */
  readonly ran?: RegExp;
  /** Left out of the quick form. */
  readonly isSlow?: boolean;
}

const curl = "/usr/bin/curl";
const loader = "/lib64/ld-linux-x86-64.so.2";
const usage = /^Usage: wget/m;
const attack = (way: string, ...rest: readonly string[]): readonly string[] => [
  "/tools/attack",
  way,
  ...(rest.length === 0 ? [curl, "-V"] : rest),
];

/** Mounts a tmpfs and copies a static program there, each by an exec (a shell may have its own `cp`), before `then`. */
const laterTmpfs = (place: string, ...then: readonly string[]): string =>
  [
    `/bin/mkdir -p ${place}`,
    `/bin/mount -t tmpfs none ${place}`,
    `/bin/cp /bin/busybox ${place}/busybox`,
    ...then,
  ].join(" && ");

const named: readonly Technique[] = [
  { name: "docker exec", where: "box", argv: [curl, "-V"], expected: "denied" },
  { name: "child of a shell", where: "box", script: `${curl} -V; :`, expected: "denied" },
  {
    name: "chain of symbolic links",
    where: "box",
    script: `ln -sf ${curl} /tmp/a; ln -sf /tmp/a /tmp/b; /tmp/b -V; :`,
    expected: "denied",
  },
  {
    name: "dots in the path",
    where: "box",
    argv: ["/bin/../usr/./bin/../../usr/bin/curl", "-V"],
    expected: "denied",
  },
  {
    name: "/proc/self/root",
    where: "box",
    argv: ["/proc/self/root/usr/bin/curl", "-V"],
    expected: "denied",
  },
  { name: "/proc/self/fd", where: "box", argv: attack("descriptor-path"), expected: "denied" },
  { name: "fexecve", where: "box", argv: attack("descriptor"), expected: "denied" },
  { name: "execveat on a directory", where: "box", argv: attack("directory"), expected: "denied" },
  {
    name: "argv[0] and comm of another",
    where: "box",
    argv: attack("disguised"),
    expected: "denied",
  },
  { name: "no arguments at all", where: "box", argv: attack("no-arguments"), expected: "denied" },
  {
    name: "arguments and argv[0] that are no text",
    where: "box",
    argv: attack("odd-arguments"),
    expected: "denied",
  },
  { name: "vfork", where: "box", argv: attack("vfork"), expected: "denied" },
  { name: "exec from a second thread", where: "box", argv: attack("thread"), expected: "denied" },
  { name: "32-bit system call", where: "box", argv: attack("int80"), expected: "denied" },
  {
    name: "path rewritten by a second thread",
    where: "box",
    argv: attack("racing-path"),
    expected: "denied",
    isSlow: true,
  },
  { name: "2 MB of arguments", where: "box", argv: attack("long-arguments"), expected: "denied" },
  { name: "another user", where: "box", user: "1000", argv: [curl, "-V"], expected: "denied" },
  {
    name: "container of another user, entry point",
    where: "own",
    argv: ["--user=1000", "IMAGE", "-V"],
    expected: "denied",
  },
  {
    name: "container of another user, child of a shell",
    where: "own",
    argv: ["--user=1000", "--entrypoint=/bin/sh", "IMAGE", "-c", `${curl} -V; :`],
    expected: "denied",
  },
];

const scripts: readonly Technique[] = [
  {
    name: "script with #!",
    where: "box",
    script: `printf '#!/bin/sh\\n${curl} -V\\n' >/tmp/s; chmod 755 /tmp/s; /tmp/s; :`,
    expected: "denied",
  },
  {
    name: "script of a script",
    where: "box",
    script:
      `printf '#!/bin/sh\\n${curl} -V\\n' >/tmp/s; chmod 755 /tmp/s; ` +
      "printf '#!/tmp/s\\n' >/tmp/t; chmod 755 /tmp/t; /tmp/t; :",
    expected: "denied",
  },
  {
    name: "sh SCRIPT",
    where: "box",
    script: `printf '${curl} -V\\n' >/tmp/u; /bin/sh /tmp/u; :`,
    expected: "denied",
  },
  {
    name: "the program as an interpreter",
    where: "box",
    script: `printf '#!${curl} -V\\n' >/tmp/v; chmod 755 /tmp/v; /tmp/v; :`,
    expected: "denied",
  },
];

const multiCall: readonly Technique[] = [
  {
    name: "busybox wget",
    where: "box",
    argv: ["/bin/busybox", "wget", "--help"],
    ran: usage,
    expected: "denied",
  },
  {
    name: "applet by its link",
    where: "box",
    argv: ["/bin/wget", "--help"],
    ran: usage,
    expected: "denied",
  },
  {
    name: "applet by argv[0]",
    where: "box",
    script: "exec -a wget /bin/busybox --help",
    ran: usage,
    expected: "denied",
  },
  {
    name: "applet of busybox's own shell",
    where: "box",
    argv: ["/bin/busybox", "sh", "-c", "wget --help; :"],
    ran: usage,
    expected: "denied",
  },
  {
    name: "applet of a renamed busybox",
    where: "box",
    script: "cp /bin/busybox /tmp/bb; /tmp/bb wget --help; :",
    ran: usage,
    expected: "denied",
  },
];

const copies: readonly Technique[] = [
  {
    name: "copy with another name",
    where: "box",
    script: `cp ${curl} /tmp/x; /tmp/x -V; :`,
    expected: "denied",
  },
  {
    name: "copy removed before it is run",
    where: "box",
    script: `cp ${curl} /tmp/gone; exec 3</tmp/gone; rm /tmp/gone; /proc/self/fd/3 -V; :`,
    expected: "denied",
  },
  {
    name: "hard link",
    where: "box",
    script: `ln -f ${curl} /tmp/h; /tmp/h -V; :`,
    expected: "denied",
  },
  {
    name: "original renamed",
    where: "own",
    argv: ["--entrypoint=/bin/sh", "IMAGE", "-c", `mv ${curl} /tmp/y; /tmp/y -V; :`],
    expected: "denied",
  },
  {
    name: "copy on a tmpfs",
    where: "box",
    script: `cp ${curl} /tmpfs/x; /tmpfs/x -V; :`,
    expected: "denied",
  },
  {
    name: "copy on a volume",
    where: "box",
    script: `cp ${curl} /tools/x; /tools/x -V; :`,
    expected: "denied",
  },
  {
    name: "copy in /dev",
    where: "box",
    script: `cp ${curl} /dev/x; /dev/x -V; :`,
    expected: "denied",
  },
  {
    name: "copy in /etc/hosts",
    where: "own",
    argv: [
      ...["--entrypoint=/bin/sh", "IMAGE", "-c"],
      `cat ${curl} >/etc/hosts; chmod 755 /etc/hosts; /etc/hosts -V; :`,
    ],
    expected: "denied",
  },
  {
    name: "static copy in /etc/hosts",
    where: "own",
    argv: [
      ...["--entrypoint=/bin/sh", "IMAGE", "-c"],
      "cat /bin/busybox >/etc/hosts; chmod 755 /etc/hosts; exec -a wget /etc/hosts --help",
    ],
    ran: usage,
    expected: "denied",
  },
  {
    name: "copy below a chroot",
    where: "box",
    script:
      "mkdir -p /tmp/root/bin; cp /bin/busybox /tmp/root/bin/busybox; " +
      "/bin/chroot /tmp/root /bin/busybox wget --help; :",
    ran: usage,
    expected: "denied",
  },
  { name: "path longer than PATH_MAX", where: "box", argv: attack("deep"), expected: "denied" },
  { name: "path that is no text", where: "box", argv: attack("odd-name"), expected: "denied" },
  {
    name: "copy with another byte",
    where: "box",
    script: `cp ${curl} /tmp/z; echo >>/tmp/z; /tmp/z -V; :`,
    expected: "out of reach",
  },
  {
    name: "copy with another byte, the image's only",
    where: "strict",
    script: `cp ${curl} /tmp/z; echo >>/tmp/z; /tmp/z -V; :`,
    expected: "denied",
  },
  {
    name: "program of their own, the image's only",
    where: "strict",
    argv: attack("vfork"),
    expected: "denied",
  },
];

const loaders: readonly Technique[] = [
  { name: "ld.so PROGRAM", where: "box", argv: [loader, curl, "-V"], expected: "denied" },
  {
    name: "ld.so with options",
    where: "box",
    argv: [loader, "--library-path", "/lib", "--argv0", "nginx", curl, "-V"],
    expected: "denied",
  },
  {
    name: "ld.so with a file that may not be executed",
    where: "box",
    script: `cp ${curl} /tmp/curl; chmod 644 /tmp/curl; ${loader} /tmp/curl -V; :`,
    expected: "denied",
  },
  {
    name: "copy of ld.so",
    where: "box",
    script: `cp ${loader} /tmp/l; /tmp/l ${curl} -V; :`,
    expected: "denied",
  },
  {
    name: "ld.so with a renamed copy",
    where: "box",
    script: `cp ${curl} /tmp/w; ${loader} /tmp/w -V; :`,
    expected: "denied",
  },
];

/** What is denied is seen as well where nothing is held. */
const watched: readonly Technique[] = [...multiCall, ...copies, ...loaders]
  .filter(({ where, expected }) => where === "box" && expected === "denied")
  .map((technique) => ({
    ...technique,
    name: `${technique.name}, only watched`,
    where: "watched",
    expected: "detected",
  }));

const memory: readonly Technique[] = [
  {
    name: "dynamic program in a memfd",
    where: "box",
    argv: attack("memory"),
    expected: "denied",
  },
  {
    name: "dynamic program in a memfd, by /proc/self/fd",
    where: "box",
    argv: attack("memory-path"),
    expected: "denied",
  },
  {
    name: "static program in a memfd",
    where: "box",
    argv: attack("memory", "/bin/busybox", "sleep", "20"),
    expected: "detected and killed",
  },
  {
    name: "static program in a memfd, by /proc/self/fd",
    where: "box",
    argv: attack("memory-path", "/bin/busybox", "sleep", "20"),
    expected: "detected and killed",
  },
  {
    name: "arguments rewritten by a second thread",
    where: "own",
    argv: [
      ...["--entrypoint=/tools/attack", "IMAGE"],
      ...["racing-argument", "/bin/busybox", "sleep", "20.5"],
    ],
    expected: "detected and killed",
  },
];

const elsewhere: readonly Technique[] = [
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
    name: "static program, new mount namespace, no exec before",
    where: "privileged",
    argv: attack("mount-namespace", "/bin/busybox", "wget", "--help"),
    ran: usage,
    expected: "out of reach",
  },
  {
    name: "static program on a detached mount",
    where: "privileged",
    argv: attack("detached-mount", "/bin/busybox", "wget", "--help"),
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
  { name: "entry point", where: "own", argv: ["IMAGE", "-V"], expected: "denied" },
  {
    name: "static entry point on a volume",
    where: "own",
    argv: ["--entrypoint=/tools/wget", "IMAGE", "--help"],
    ran: usage,
    expected: "denied",
  },
];

const beyond: readonly Technique[] = [
  {
    name: "shell builtin",
    where: "box",
    argv: ["/bin/sh", "-c", "echo builtin"],
    ran: /^builtin/m,
    expected: "out of reach",
  },
];

/** All of them, in the order of the table. */
export const techniques: readonly Technique[] = [
  ...named,
  ...scripts,
  ...multiCall,
  ...copies,
  ...loaders,
  ...watched,
  ...memory,
  ...elsewhere,
  ...beyond,
];
