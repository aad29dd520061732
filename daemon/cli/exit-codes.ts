// SPDX-License-Identifier: Apache-2.0

/** Exit codes of every command; `--help` prints them. */
export const exitCodes = {
  ok: 0,
  checkFailed: 1,
  usage: 2,
  unreachable: 3,
  refused: 4,
  /** EX_CONFIG of sysexits.h: systemd does not try again. */
  config: 78,
} as const;

/** For `--help`. */
export const exitCodesHelp = `
Exit codes:
  0  all is well
  1  a check found errors, or the daemon could not start
  2  the command line is wrong
  3  the daemon cannot be reached
  4  the daemon refused the request, or the user may not ask it
  78 run: the files are wrong; starting again does not help until they are mended`;
