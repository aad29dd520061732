// SPDX-License-Identifier: Apache-2.0
#include "proc_file.h"

#include <time.h>

#include <cstdio>

namespace execwarden {

size_t ReadFileAt(int directory, const char* name, char* out, size_t capacity) {
  Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  ssize_t length = read(file.get(), out, capacity);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

size_t ReadLinkAt(int directory, const char* name, char* out, size_t capacity) {
  ssize_t length = readlinkat(directory, name, out, capacity);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

Descriptor OpenProcDirectory(int id) {
  char path[32];
  snprintf(path, sizeof path, "/proc/%d", id);
  return Descriptor(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC));
}

uint64_t ClockNs(int clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return static_cast<uint64_t>(now.tv_sec) * 1000000000u + static_cast<uint64_t>(now.tv_nsec);
}

}  // namespace execwarden
