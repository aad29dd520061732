// Programs without a file on a disk, and what needs no exec at all.
// SPDX-License-Identifier: Apache-2.0
import { attack, nap, started, type Technique } from "./technique.ts";

/** The web server that shows what was fetched; there may be one already. */
const server = "/bin/httpd -p 127.0.0.1:8080 -h /tools/www 2>/dev/null";
const fetched = /^proof of a request$/m;

export const memory: readonly Technique[] = [
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
    argv: attack("memory", ...nap),
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "static program in a memfd, by /proc/self/fd",
    where: "box",
    argv: attack("memory-path", ...nap),
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "static program in a memfd, 32-bit system call",
    where: "box",
    argv: attack("memory-int80", ...nap),
    ran: started,
    expected: "detected and killed",
  },
  {
    name: "program in memory, its pid another's as soon as it has ended",
    where: "privileged",
    argv: attack("pid", "/bin/busybox", "sleep", "20"),
    reached: /^lived: 20 of 20$/m,
    expected: "detected and killed",
  },
  {
    name: "arguments rewritten by a second thread",
    where: "own",
    argv: ["--entrypoint=/tools/attack", "IMAGE", "racing-argument", ...nap],
    ran: started,
    expected: "detected and killed",
  },
];

export const beyond: readonly Technique[] = [
  {
    name: "shell builtin",
    where: "box",
    argv: ["/bin/sh", "-c", "echo builtin"],
    ran: /^builtin/m,
    expected: "out of reach",
  },
  {
    name: "bash's /dev/tcp",
    where: "box",
    script:
      `${server}; LD_LIBRARY_PATH=/tools/lib /tools/bash -c ` +
      '\'exec 3<>/dev/tcp/127.0.0.1/8080; printf "GET /proof HTTP/1.0\\r\\n\\r\\n" >&3; ' +
      'while read -r line <&3; do echo "$line"; done\'',
    ran: fetched,
    expected: "out of reach",
  },
  {
    name: "an interpreter's own sockets (perl -e)",
    where: "box",
    script:
      `${server}; LD_LIBRARY_PATH=/tools/lib /tools/perl -e ` +
      '\'socket(S,2,1,0) or die; connect(S,pack("S n C4 x8",2,8080,127,0,0,1)) or die; ' +
      'syswrite(S,"GET /proof HTTP/1.0\\r\\n\\r\\n"); print $b while sysread(S,$b,4096)\'',
    ran: fetched,
    expected: "out of reach",
  },
  {
    name: "program mapped and jumped into, no exec",
    where: "box",
    argv: attack("mapped"),
    expected: "out of reach",
  },
  {
    name: "code written into another process (ptrace)",
    where: "box",
    argv: attack("injected"),
    ran: /^injected$/m,
    expected: "out of reach",
  },
];
