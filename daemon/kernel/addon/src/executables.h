// The executables below a directory, or below the layers of an image put on top of each other as
// overlayfs does it. For a thread that nobody waits for: every loop is bounded, every bound
// counted. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "sha256.h"

namespace execwarden {

struct ListLimits {
  uint32_t files_max;
  uint32_t entries_max;  // names that are looked at
  uint64_t size_max;     // of a file, bytes
  uint64_t bytes_max;    // of all that is read
  uint32_t time_max_ms;
};

struct Executable {
  std::string path;  // from the root, with a leading slash
  uint64_t size;
  int64_t ctime_ns;
  Digest digest;
};

// Why something is not on a list.
enum Skip : uint8_t {
  kTooLarge,       // files beyond size_max
  kBeyondBytes,    // files beyond bytes_max
  kTooDeep,        // directories
  kUnreadable,     // files and directories; also files that change while they are read
  kBeyondFiles,    // 1 where the list ended at files_max
  kBeyondEntries,  // 1 where it ended at entries_max
  kTimeUp,         // 1 where it ended at time_max_ms
  kSkipCount,
};

struct Listing {
  int error = 0;
  std::array<uint32_t, kSkipCount> skipped{};
  std::vector<Executable> files;
};

// The executable regular files below `layers`, the topmost first: what an upper one replaces or
// removes is left out. No link is followed, no mount is entered, nothing but regular files is
// opened for reading. Directories near the root come first. Errno of the first layer that cannot be
// opened.
Listing ListExecutables(const std::vector<std::string>& layers, const ListLimits& limits);

}  // namespace execwarden
