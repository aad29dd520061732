// Small readers for /proc. They touch no user memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace execwarden {

// Owns one descriptor; -1 is none.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  Descriptor(Descriptor&& other) noexcept : fd_(other.Release()) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    Reset(other.Release());
    return *this;
  }
  ~Descriptor() { Reset(-1); }

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() {
    int fd = fd_;
    fd_ = -1;
    return fd;
  }
  void Reset(int fd) {
    if (fd_ >= 0) close(fd_);
    fd_ = fd;
  }

 private:
  int fd_ = -1;
};

// Reads up to `capacity` bytes of `name` below `directory`; 0 when it cannot be read.
size_t ReadFileAt(int directory, const char* name, char* out, size_t capacity);

// Reads `status` below `directory` without its line of supplementary groups, which its owner can
// make so long that what follows would not fit; 0 when it cannot be read. Allocates nothing.
size_t ReadStatusAt(int directory, char* out, size_t capacity);

// Reads the target of the symbolic link `name` below `directory`; 0 when it cannot be read.
size_t ReadLinkAt(int directory, const char* name, char* out, size_t capacity);

// Number in field `wanted` of /proc/PID/stat (proc(5)), counted from behind the name, which may
// hold blanks and parentheses. `text` ends in a zero.
bool StatField(const char* text, int wanted, uint64_t* out);

// Opens /proc/ID as a directory, close-on-exec; invalid when there is no such task.
Descriptor OpenProcDirectory(int id);

// Value of clock `clock` in nanoseconds (clock_gettime(2)).
uint64_t ClockNs(int clock);

}  // namespace execwarden
