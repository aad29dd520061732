// Strings in the memory of another process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace execwarden {

// Reads through /proc/TID/mem, which fails at once where process_vm_readv would wait (userfaultfd).
// Whole pages are read, and the last few are kept: pointers and strings lie side by side.
class RemoteMemory {
 public:
  // `fd` is /proc/TID/mem, open for reading; it stays the caller's.
  explicit RemoteMemory(int fd) : fd_(fd) {}

  // False when not all of it is mapped.
  bool Read(uint64_t address, void* out, size_t length);

  // Copies the string at `address` less its end, cut at `max` bytes; false when it cannot be read.
  bool String(uint64_t address, char* out, size_t max, size_t* length, bool* truncated);

 private:
  static constexpr size_t kPageBytes = 4096;
  static constexpr size_t kPages = 4;

  struct Page {
    uint64_t start = 0;
    size_t length = 0;  // 0: none
    uint64_t used = 0;
    char bytes[kPageBytes];
  };

  // What is at `address`, up to the end of its page; null when it is not mapped.
  const char* At(uint64_t address, size_t* available);

  int fd_;
  uint64_t uses_ = 0;
  Page pages_[kPages];
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
