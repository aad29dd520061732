// The same file by another way.
// SPDX-License-Identifier: Apache-2.0
import { attack, curl, type Technique } from "./technique.ts";

export const sameFile: readonly Technique[] = [
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
  {
    name: "no arguments at all",
    where: "box",
    argv: attack("no-arguments"),
    ran: /^curl: /m,
    expected: "denied",
  },
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
  {
    name: "directory exchanged by a second thread",
    where: "box",
    argv: attack("racing-directory"),
    expected: "denied",
    isSlow: true,
  },
  {
    name: "arguments behind a page fault (userfaultfd)",
    where: "privileged",
    argv: attack("fault"),
    expected: "denied",
  },
  {
    name: "opened by io_uring",
    where: "privileged",
    argv: attack("ring"),
    expected: "denied",
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
