// What is in files: the digest of one, and the executables below a root. For threads that nobody
// waits for in vain: both are bounded, and neither is called by a thread that answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sha256.h"

namespace execwarden {

struct DigestResult {
  int error = 0;  // EFBIG beyond `size_max`, ESTALE where the file changed meanwhile
  Digest digest{};
};

// The SHA-256 of the regular file that `fd` names, all of it; ESTALE where its ctime is another
// than the one that is given.
DigestResult DigestOf(int fd, uint64_t size_max, std::optional<int64_t> ctime_ns);

struct ListLimits {
  uint32_t files_max;
  uint64_t size_max;   // of a file
  uint64_t bytes_max;  // of all that is read
};

struct Executable {
  std::string path;  // from the root, with a leading slash
  uint64_t inode;
  uint64_t size;
  int64_t ctime_ns;
  Digest digest;
};

struct Listing {
  int error = 0;
  bool is_complete = true;
  std::vector<Executable> files;
};

// The executable regular files on the file system of the directory `root`; other mounts are left
// out.
Listing ListExecutables(const std::string& root, const ListLimits& limits);

}  // namespace execwarden
