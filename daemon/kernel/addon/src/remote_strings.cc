// SPDX-License-Identifier: Apache-2.0
#include "remote_strings.h"

#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace execwarden {
namespace {

constexpr size_t kStringsMax = 1024;

}  // namespace

bool RemoteMemory::Read(uint64_t address, void* out, size_t length) {
  auto* to = static_cast<char*>(out);
  while (length > 0) {
    size_t available;
    const char* from = At(address, &available);
    if (!from) return false;
    size_t take = std::min(length, available);
    memcpy(to, from, take);
    to += take;
    address += take;
    length -= take;
  }
  return true;
}

bool RemoteMemory::String(uint64_t address, char* out, size_t max, size_t* length,
                          bool* truncated) {
  size_t copied = 0;
  while (true) {
    size_t available;
    const char* from = At(address + copied, &available);
    if (!from) return false;
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

const char* RemoteMemory::At(uint64_t address, size_t* available) {
  uint64_t start = address & ~uint64_t{kPageBytes - 1};
  size_t offset = static_cast<size_t>(address - start);
  Page* oldest = pages_;
  for (Page& page : pages_) {
    if (page.length > offset && page.start == start) {
      page.used = ++uses_;
      *available = page.length - offset;
      return page.bytes + offset;
    }
    if (page.used < oldest->used) oldest = &page;
  }
  ssize_t got = pread(fd_, oldest->bytes, kPageBytes, static_cast<off_t>(start));
  oldest->start = start;
  oldest->length = got > 0 ? static_cast<size_t>(got) : 0;
  oldest->used = ++uses_;
  if (oldest->length <= offset) return nullptr;
  *available = oldest->length - offset;
  return oldest->bytes + offset;
}

Strings ReadStrings(RemoteMemory* memory, uint64_t array, size_t width, char* out, size_t max) {
  Strings result;
  if (array == 0) {
    result.is_read = true;
    return result;
  }
  for (;; array += width) {
    uint64_t pointer = 0;
    if (!memory->Read(array, &pointer, width)) return result;
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
}

}  // namespace execwarden
