// SPDX-License-Identifier: Apache-2.0
#include "remote_strings.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace execwarden {
namespace {

constexpr size_t kStringsMax = 1024;
constexpr size_t kPointersAtOnce = 64;

}  // namespace

size_t RemoteMemory::Read(uint64_t address, void* out, size_t length) {
  ssize_t got = pread(fd_, out, length, static_cast<off_t>(address));
  return got > 0 ? static_cast<size_t>(got) : 0;
}

bool RemoteMemory::String(uint64_t address, char* out, size_t max, size_t* length,
                          bool* truncated) {
  size_t copied = 0;
  while (true) {
    if (!Load(address + copied)) return false;
    size_t offset = static_cast<size_t>(address + copied - chunk_start_);
    size_t available = chunk_length_ - offset;
    const char* from = chunk_ + offset;
    const void* end = memchr(from, 0, available);
    size_t part = end ? static_cast<size_t>(static_cast<const char*>(end) - from) : available;
    size_t take = std::min(part, max - copied);
    memcpy(out + copied, from, take);
    copied += take;
    if (take < part || (!end && copied == max)) *truncated = true;
    if (end || copied == max) break;
  }
  *length = copied;
  return true;
}

bool RemoteMemory::Load(uint64_t address) {
  if (address >= chunk_start_ && address < chunk_start_ + chunk_length_) return true;
  chunk_start_ = address;
  chunk_length_ = Read(address, chunk_, sizeof chunk_);
  return chunk_length_ > 0;
}

Strings ReadStrings(RemoteMemory* memory, uint64_t array, size_t width, char* out, size_t max) {
  Strings result;
  if (array == 0) {
    result.is_read = true;
    return result;
  }
  uint8_t pointers[kPointersAtOnce * 8];
  while (true) {
    size_t got = memory->Read(array, pointers, kPointersAtOnce * width) / width;
    if (got == 0) return result;
    for (size_t i = 0; i < got; i++) {
      uint64_t pointer = 0;
      memcpy(&pointer, pointers + i * width, width);
      if (pointer == 0) {
        result.is_read = true;
        return result;
      }
      if (result.count == kStringsMax || max - result.length < 2) {
        result.truncated = true;
        result.is_read = true;
        return result;
      }
      size_t length = 0;
      if (!memory->String(pointer, out + result.length, max - result.length - 1, &length,
                          &result.truncated)) {
        return result;
      }
      result.length += length;
      out[result.length++] = 0;
      result.count++;
    }
    array += got * width;
  }
}

}  // namespace execwarden
