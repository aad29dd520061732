// For LD_PRELOAD: a wall clock that somebody sets. CLOCK_REALTIME and gettimeofday(2) are as many seconds away from the
// truth as the file says that OTHER_TIME_FILE names (8 bytes, a signed number); every other clock is true.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static volatile int64_t* seconds;

__attribute__((constructor)) static void Open(void) {
  const char* path = getenv("OTHER_TIME_FILE");
  int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
  if (fd < 0) return;
  void* mapped = mmap(NULL, sizeof *seconds, PROT_READ, MAP_SHARED, fd, 0);
  close(fd);
  if (mapped != MAP_FAILED) seconds = mapped;
}

int clock_gettime(clockid_t clock, struct timespec* now) {
  int result = (int)syscall(SYS_clock_gettime, clock, now);
  if (result == 0 && clock == CLOCK_REALTIME && seconds) now->tv_sec += *seconds;
  return result;
}

int gettimeofday(struct timeval* restrict now, void* restrict zone) {
  int result = (int)syscall(SYS_gettimeofday, now, zone);
  if (result == 0 && seconds) now->tv_sec += *seconds;
  return result;
}
