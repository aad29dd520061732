// exec-loop COUNT PAUSE_US PROGRAM: starts PROGRAM (vfork, execve, wait) COUNT times with a pause between, and
// prints how long each took from vfork to the end of the wait: one number of nanoseconds a line.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t NowNs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: exec-loop COUNT PAUSE_US PROGRAM\n");
    return 2;
  }
  long count = strtol(argv[1], NULL, 10);
  long pause_us = strtol(argv[2], NULL, 10);
  char* const arguments[] = {argv[3], NULL};
  char* const environment[] = {"PATH=/bin", NULL};
  uint64_t* took = calloc((size_t)count, sizeof *took);
  if (!took) return 1;
  for (long i = 0; i < count; i++) {
    uint64_t start = NowNs();
    pid_t child = vfork();
    if (child == 0) {
      execve(argv[3], arguments, environment);
      _exit(127);
    }
    int status = 0;
    if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
      fprintf(stderr, "cannot run %s\n", argv[3]);
      return 1;
    }
    took[i] = NowNs() - start;
    if (pause_us > 0) usleep((useconds_t)pause_us);
  }
  for (long i = 0; i < count; i++) printf("%llu\n", (unsigned long long)took[i]);
  return 0;
}
