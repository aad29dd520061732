// What the ways of attack.c and attack-beyond.c share: each takes the program and its arguments, and returns only when
// the program could not be started.
// SPDX-License-Identifier: Apache-2.0
#pragma once

/** Says why, and is the status of an exec that was refused. */
int refused(void);

/** Writes the file `from` to the descriptor `to`; 0 when all of it is there. */
int copy(const char *from, int to);

/** The program mapped as the kernel would, and jumped into: no exec. */
int mapped(char **argv);
/** Code written into another process. */
int injected(char **argv);
/** The file opened by io_uring, and executed by its descriptor. */
int by_ring(char **argv);
/** Arguments on a page that only comes when the kernel asks for it. */
int behind_fault(char **argv);
/** A pid that ran the program from memory, given to another process as soon as it has ended. */
int pid_given_away(char **argv);
