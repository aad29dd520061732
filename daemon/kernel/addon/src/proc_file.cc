// SPDX-License-Identifier: Apache-2.0
#include "proc_file.h"

#include <time.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace execwarden {

namespace {

// Takes the line of supplementary groups out of a text of /proc/PID/status; returns what is left.
size_t DropGroups(char* text, size_t length) {
  constexpr char kLabel[] = "\nGroups:";
  char* groups = static_cast<char*>(memmem(text, length, kLabel, sizeof kLabel - 1));
  if (!groups) return length;
  char* end = static_cast<char*>(memchr(groups + 1, '\n', text + length - groups - 1));
  if (!end) return static_cast<size_t>(groups - text);
  memmove(groups, end, text + length - end);
  return length - static_cast<size_t>(end - groups);
}

}  // namespace

size_t ReadFileAt(int directory, const char* name, char* out, size_t capacity) {
  Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  ssize_t length = read(file.get(), out, capacity);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

size_t ReadStatusAt(int directory, char* out, size_t capacity) {
  Descriptor file(openat(directory, "status", O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return 0;
  // The kernel writes the whole text in one go where it fits (fs/seq_file.c), as it nearly always
  // does: what is shorter than the buffer is all.
  ssize_t head = read(file.get(), out, capacity);
  if (head <= 0) return 0;
  if (static_cast<size_t>(head) < capacity) return DropGroups(out, static_cast<size_t>(head));
  if (lseek(file.get(), 0, SEEK_SET) != 0) return 0;
  constexpr std::string_view kGroups = "Groups:";
  char chunk[4096];
  size_t used = 0;
  size_t line = 0;  // where the line begins that is being read
  bool is_groups = false;
  while (used < capacity) {
    ssize_t got = read(file.get(), chunk, sizeof chunk);
    if (got <= 0) break;
    for (ssize_t i = 0; i < got && used < capacity; i++) {
      if (is_groups) {
        is_groups = chunk[i] != '\n';
        continue;
      }
      out[used++] = chunk[i];
      if (chunk[i] == '\n') line = used;
      is_groups = std::string_view(out + line, used - line) == kGroups;
      if (is_groups) used = line;
    }
  }
  return used;
}

size_t ReadLinkAt(int directory, const char* name, char* out, size_t capacity) {
  ssize_t length = readlinkat(directory, name, out, capacity);
  return length > 0 ? static_cast<size_t>(length) : 0;
}

bool StatField(const char* text, int wanted, uint64_t* out) {
  const char* at = strrchr(text, ')');
  for (int field = 2; at && field < wanted; field++) at = strchr(at + 1, ' ');
  if (!at) return false;
  *out = strtoull(at + 1, nullptr, 10);
  return true;
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
