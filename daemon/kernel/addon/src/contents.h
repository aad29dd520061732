// What is in a file. For threads that nobody waits for in vain: it is bounded, and no thread that
// answers calls it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>

#include "sha256.h"

namespace execwarden {

// When its inode changed last, nanoseconds since the epoch.
int64_t CtimeNs(const struct stat& facts);

struct DigestResult {
  int error = 0;  // EFBIG beyond `size_max`, ESTALE where the file changed meanwhile
  Digest digest{};
};

// The SHA-256 of the regular file that `fd` names, all of it; ESTALE where its ctime is another
// than the one that is given.
DigestResult DigestOf(int fd, uint64_t size_max, std::optional<int64_t> ctime_ns);

}  // namespace execwarden
