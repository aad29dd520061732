// Something that runs something else, and the same bytes in another file.
// SPDX-License-Identifier: Apache-2.0
import { attack, curl, loader, usage, type Technique } from "./technique.ts";

export const scripts: readonly Technique[] = [
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

export const multiCall: readonly Technique[] = [
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
    script: "cp /bin/busybox /tmp/bb; exec -a busybox /tmp/bb wget --help",
    ran: usage,
    expected: "denied",
  },
];

export const copies: readonly Technique[] = [
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

export const loaders: readonly Technique[] = [
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
export const watched: readonly Technique[] = [...multiCall, ...copies, ...loaders]
  .filter(({ where, expected }) => where === "box" && expected === "denied")
  .map((technique) => ({
    ...technique,
    name: `${technique.name}, only watched`,
    where: "watched",
    expected: "detected",
  }));
