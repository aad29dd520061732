// Floods of execs: `flood WAY COUNT PROGRAM` runs the program so many times, as fast as that goes, and tells
// `ran N refused N`. Static, so that it runs in any container. SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static long ran, refused;

static void count(int status) {
  if (WIFEXITED(status) && WEXITSTATUS(status) == 126) refused++;
  else ran++;
}

static void run(const char *path, char **argv) {
  int status;
  pid_t child = vfork();
  if (child == 0) {
    execve(path, argv, environ);
    _exit(126);
  }
  if (child > 0 && waitpid(child, &status, 0) == child) count(status);
}

static void loop(long times, char **argv) {
  while (times-- > 0) run(argv[0], argv);
}

// As many at once as the container may have; then each that ends makes room for another one.
static void bomb(long times, char **argv) {
  int status;
  while (times > 0) {
    pid_t child = fork();
    if (child == 0) {
      execve(argv[0], argv, environ);
      _exit(126);
    }
    if (child > 0) times--;
    else if (wait(&status) > 0) count(status);
  }
  while (wait(&status) > 0) count(status);
}

// Each by a path of its own.
static void paths(long times, char **argv) {
  char path[64];
  for (long i = 0; i < times; i++) {
    snprintf(path, sizeof path, "/tmp/path-%ld", i);
    if (link(argv[0], path) != 0) continue;
    run(path, argv);
    unlink(path);
  }
}

// Two megabytes in arguments of 128 KiB, the longest that the kernel takes (execve(2), MAX_ARG_STRLEN).
static void long_arguments(long times, char **argv) {
  static char text[128 << 10];
  char *long_argv[17] = {argv[0]};
  memset(text, 'x', sizeof text - 1);
  for (int i = 1; i < 16; i++) long_argv[i] = text;
  while (times-- > 0) run(argv[0], long_argv);
}

static void many_arguments(long times, char **argv) {
  static char *wide_argv[100001];
  for (int i = 0; i < 100000; i++) wide_argv[i] = "x";
  wide_argv[0] = argv[0];
  while (times-- > 0) run(argv[0], wide_argv);
}

static const struct {
  const char *name;
  void (*run)(long times, char **argv);
} ways[] = {
    {"loop", loop},
    {"bomb", bomb},
    {"paths", paths},
    {"long-arguments", long_arguments},
    {"many-arguments", many_arguments},
};

int main(int argc, char **argv) {
  for (size_t i = 0; argc > 3 && i < sizeof ways / sizeof ways[0]; i++) {
    if (strcmp(argv[1], ways[i].name) != 0) continue;
    ways[i].run(atol(argv[2]), argv + 3);
    printf("ran %ld refused %ld\n", ran, refused);
    return 0;
  }
  return 64;
}
