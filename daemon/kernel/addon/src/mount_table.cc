// SPDX-License-Identifier: Apache-2.0
#include "mount_table.h"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <charconv>

#include "proc_file.h"

namespace execwarden {
namespace {

// Takes the text up to the next blank off the front.
std::string_view TakeField(std::string_view* line) {
  size_t end = line->find(' ');
  std::string_view field = line->substr(0, end);
  line->remove_prefix(end == std::string_view::npos ? line->size() : end + 1);
  return field;
}

// The kernel writes blank, tab, newline, backslash and '#' as \ooo (fs/proc_namespace.c, mangle).
std::string Unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); i++) {
    unsigned code = 0;
    const char* digits = text.data() + i + 1;
    bool is_escape = text[i] == '\\' && i + 3 < text.size() &&
                     std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3;
    result.push_back(is_escape ? static_cast<char>(code) : text[i]);
    if (is_escape) i += 3;
  }
  return result;
}

bool ParseDevice(std::string_view text, uint64_t* out) {
  unsigned major_number = 0;
  unsigned minor_number = 0;
  const char* end = text.data() + text.size();
  auto first = std::from_chars(text.data(), end, major_number);
  if (first.ec != std::errc() || first.ptr == end || *first.ptr != ':') return false;
  auto second = std::from_chars(first.ptr + 1, end, minor_number);
  if (second.ec != std::errc() || second.ptr != end) return false;
  *out = makedev(major_number, minor_number);
  return true;
}

}  // namespace

// ID PARENT MAJOR:MINOR ROOT POINT OPTIONS [TAG…] - TYPE SOURCE SUPEROPTIONS
bool TakeMountLine(std::string_view* table, MountLine* out) {
  size_t end = table->find('\n');
  std::string_view line = table->substr(0, end);
  table->remove_prefix(end == std::string_view::npos ? table->size() : end + 1);
  std::string_view id = TakeField(&line);
  auto number = std::from_chars(id.data(), id.data() + id.size(), out->id);
  TakeField(&line);
  std::string_view device = TakeField(&line);
  TakeField(&line);
  std::string_view point = TakeField(&line);
  while (!line.empty() && TakeField(&line) != "-") continue;
  out->type = TakeField(&line);
  if (out->type.empty() || number.ec != std::errc()) return false;
  if (!ParseDevice(device, &out->device)) return false;
  out->point = Unescape(point);
  return true;
}

std::string ReadMountTable(int directory, const char* name) {
  Descriptor file(openat(directory, name, O_RDONLY | O_CLOEXEC));
  std::string text;
  char chunk[16 * 1024];
  while (file.valid()) {
    ssize_t got = read(file.get(), chunk, sizeof chunk);
    if (got <= 0) break;
    text.append(chunk, static_cast<size_t>(got));
  }
  return text;
}

}  // namespace execwarden
