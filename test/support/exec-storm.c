// exec-storm WORKERS RATE MAX PROGRAM: until its standard input ends, or it has done MAX execs, each of WORKERS processes
// starts PROGRAM (vfork, execve, wait) RATE times a second, or as often as the machine can, with the argument
// `WORKER-NUMBER`. Then prints one line for each: that argument, and `ran` or `refused` (EPERM); and at last the
// milliseconds from the first to the last.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { kWorkersMax = 8, kExecsMax = 100000, kRan = 1, kRefused = 2, kBroken = 3, kRefusedStatus = 100 };

typedef struct {
  atomic_int is_over;
  long rate;
  long execs_max;
  _Atomic uint64_t last_ms;
  uint8_t fates[kWorkersMax][kExecsMax];
} Shared;

static uint64_t NowMs(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static uint8_t Start(char* program, char* argument) {
  char* const arguments[] = {program, argument, NULL};
  char* const environment[] = {NULL};
  pid_t child = vfork();
  if (child == 0) {
    execve(program, arguments, environment);
    _exit(errno == EPERM ? kRefusedStatus : 127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status)) return kBroken;
  if (WEXITSTATUS(status) == kRefusedStatus) return kRefused;
  return WEXITSTATUS(status) == 0 ? kRan : kBroken;
}

// The times to start at do not shift: who is late catches up.
static void WaitFor(uint64_t at_ns) {
  struct timespec at = {.tv_sec = (time_t)(at_ns / 1000000000u), .tv_nsec = (long)(at_ns % 1000000000u)};
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) != 0) continue;
}

static void Work(Shared* shared, int worker, char* program) {
  uint64_t start_ns = NowMs() * 1000000u;
  uint64_t period_ns = 1000000000u / (uint64_t)shared->rate;
  for (int i = 0; i < shared->execs_max && !atomic_load(&shared->is_over); i++) {
    WaitFor(start_ns + (uint64_t)i * period_ns);
    char argument[32];
    snprintf(argument, sizeof argument, "%d-%d", worker, i);
    shared->fates[worker][i] = Start(program, argument);
    atomic_store(&shared->last_ms, NowMs());
  }
  _exit(0);
}

int main(int argc, char** argv) {
  int workers = argc == 5 ? atoi(argv[1]) : 0;
  long rate = argc == 5 ? atol(argv[2]) : 0;
  long execs_max = argc == 5 ? atol(argv[3]) : 0;
  if (workers < 1 || workers > kWorkersMax || rate < 1 || execs_max < 1) return 2;
  if (execs_max > kExecsMax) return 2;
  Shared* shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return 1;
  shared->rate = rate;
  shared->execs_max = execs_max;
  uint64_t start_ms = NowMs();
  for (int worker = 0; worker < workers; worker++) {
    pid_t child = fork();
    if (child < 0) return 1;
    if (child == 0) Work(shared, worker, argv[4]);
  }
  char ignored[64];
  while (read(0, ignored, sizeof ignored) > 0) continue;
  atomic_store(&shared->is_over, 1);
  while (wait(NULL) > 0) continue;
  uint64_t took_ms = atomic_load(&shared->last_ms) - start_ms;
  static const char* const names[] = {"", "ran", "refused", "broken"};
  for (int worker = 0; worker < workers; worker++) {
    for (int i = 0; i < kExecsMax && shared->fates[worker][i] != 0; i++) {
      printf("%d-%d %s\n", worker, i, names[shared->fates[worker][i]]);
    }
  }
  printf("%llu\n", (unsigned long long)took_ms);
  return 0;
}
