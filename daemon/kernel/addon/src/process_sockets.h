// Descriptors of another process that are sockets, and which sockets they are.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace execwarden {

// Calls `each` with the number and the link of every descriptor below `directory`/fd, until it
// returns false. Returns errno; E2BIG when there are more than `descriptors_max`.
int EachDescriptor(int directory, size_t descriptors_max,
                   const std::function<bool(int, const char*)>& each);

// Inode of the socket that such a link tells of; 0 for anything else.
uint64_t InodeOf(const char* link);

// Inode of the other end of a unix socket; 0 when it has none (any more). Returns errno.
int FindOtherEnd(uint64_t inode, uint64_t* out);

}  // namespace execwarden
