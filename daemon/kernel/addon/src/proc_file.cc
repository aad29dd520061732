// SPDX-License-Identifier: Apache-2.0
#include "proc_file.h"

#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>

namespace execwarden {

size_t ReadFileAt(int directory, const char* name, char* out, size_t capacity) {
  Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  ssize_t length = read(file.get(), out, capacity);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

size_t ReadStatusAt(int directory, char* out, size_t capacity) {
  Descriptor file(openat(directory, "status", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  // 65,536 groups (NGROUPS_MAX) of at most 11 bytes each, and the rest.
  constexpr size_t kStatusMax = 768 * 1024;
  std::string text(4096, '\0');
  size_t used = 0;
  while (true) {
    ssize_t got = read(file.get(), text.data() + used, text.size() - used);
    if (got <= 0) break;
    used += static_cast<size_t>(got);
    if (used == text.size() && used < kStatusMax) text.resize(used * 2);
  }
  text.resize(used);
  size_t groups = text.find("\nGroups:");
  if (groups != std::string::npos) text.erase(groups, text.find('\n', groups + 1) - groups);
  size_t length = std::min(text.size(), capacity);
  memcpy(out, text.data(), length);
  return length;
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
