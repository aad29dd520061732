// Strings in the memory of another process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace execwarden {

// Reads through /proc/TID/mem, which fails at once where process_vm_readv would wait (userfaultfd).
// Keeps the last chunk, since strings lie side by side.
class RemoteMemory {
 public:
  // `fd` is /proc/TID/mem, open for reading; it stays the caller's.
  explicit RemoteMemory(int fd) : fd_(fd) {}

  // Bytes read, 0 when the address is not mapped.
  size_t Read(uint64_t address, void* out, size_t length);

  // Copies the string at `address` less its end, cut at `max` bytes; false when it cannot be read.
  bool String(uint64_t address, char* out, size_t max, size_t* length, bool* truncated);

 private:
  bool Load(uint64_t address);

  int fd_;
  char chunk_[1024];
  uint64_t chunk_start_ = 0;
  size_t chunk_length_ = 0;
};

struct Strings {
  size_t length = 0;   // bytes written
  uint32_t count = 0;  // strings
  bool is_read = false;
  bool truncated = false;
};

// Reads a NULL-ended array of string pointers (`width` 4 or 8 bytes each) as NUL-separated strings.
Strings ReadStrings(RemoteMemory* memory, uint64_t array, size_t width, char* out, size_t max);

}  // namespace execwarden
