// The lines of a mount table, /proc/PID/mountinfo (proc(5)).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace execwarden {

struct MountLine {
  uint64_t id = 0;      // no other mount has it while this one is there
  uint64_t device = 0;  // st_dev
  std::string point;    // as the reading process's root sees it, octal escapes resolved
  std::string_view type;
};

// Takes the first line off `*table` and reads it; false where it is not of the documented form.
bool TakeMountLine(std::string_view* table, MountLine* out);

// Whole content of the file `name` below `directory` (or AT_FDCWD); empty when it cannot be read.
std::string ReadMountTable(int directory, const char* name);

}  // namespace execwarden
