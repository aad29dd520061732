// Executes its arguments from a thread that is not the leader: the kernel then gives the new program
// the leader's id.
// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <unistd.h>

static char **arguments;

static void *execute(void *unused) {
  (void)unused;
  execv(arguments[0], arguments);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  arguments = argv + 1;
  pthread_t thread;
  if (pthread_create(&thread, 0, execute, 0) != 0) return 3;
  pthread_join(thread, 0);
  return 4;
}
