// Runs the program named first from memory, with the other arguments: what a loader of malware does.
// SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

extern char **environ;

int main(int argc, char **argv) {
  if (argc < 3) return 2;
  char buffer[65536];
  int from = open(argv[1], O_RDONLY);
  int to = memfd_create("payload", MFD_CLOEXEC);
  ssize_t got;
  while ((got = read(from, buffer, sizeof buffer)) > 0) {
    if (write(to, buffer, (size_t)got) != got) return 3;
  }
  fexecve(to, argv + 2, environ);
  return 4;
}
