// Executes argv[1] with `shown` as its argument, while a second thread keeps swapping the pointer to `hidden`: the
// kernel copies arguments after the gate has seen them. ARGUMENTS: PROGRAM SHOWN HIDDEN.
// SPDX-License-Identifier: Apache-2.0
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static char *volatile slots[5];
static char *shown, *hidden;

static void *swap(void *unused) {
  (void)unused;
  for (;;) {
    slots[2] = hidden;
    for (volatile int i = 0; i < 2000; i++) continue;
    slots[2] = shown;
    for (volatile int i = 0; i < 2000; i++) continue;
  }
}

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  shown = argv[2];
  hidden = argv[3];
  for (int i = 0; i < 40; i++) {
    pid_t child = fork();
    if (child == 0) {
      pthread_t thread;
      slots[0] = argv[1];
      slots[1] = "sleep";
      slots[2] = shown;
      if (pthread_create(&thread, 0, swap, 0) != 0) _exit(3);
      execv(argv[1], (char *const *)slots);
      _exit(127);
    }
    // One after the other has the processors for itself until it has executed; they run on side by side.
    usleep(100000);
  }
  while (wait(0) > 0) continue;
  return 0;
}
