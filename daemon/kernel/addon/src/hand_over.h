// The bounded buffer between the gate's threads and the guard thread: whole records. Those of execs
// that wait for an answer come before the others, so that a flood of execs that need none delays
// nobody; within each kind they keep their order.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>

namespace execwarden {

// Records begin with their own length in bytes (u32, little endian, a multiple of 8).
class RecordRing {
 public:
  explicit RecordRing(size_t capacity) : capacity_(capacity), buffer_(new uint8_t[capacity]) {}

  bool HasRoom(size_t length) const { return capacity_ - used_ >= length; }
  bool IsEmpty() const { return used_ == 0; }
  size_t capacity() const { return capacity_; }
  void Push(const uint8_t* record, size_t length);
  // Moves as many whole records as fit into `out`; returns the bytes written.
  size_t Drain(uint8_t* out, size_t capacity);

 private:
  void CopyOut(size_t at, uint8_t* to, size_t length) const;

  const size_t capacity_;
  // Not cleared, so that what was never full costs no memory.
  std::unique_ptr<uint8_t[]> buffer_;
  size_t head_ = 0;
  size_t used_ = 0;
};

class HandOver {
 public:
  explicit HandOver(size_t capacity) : held_(capacity / 4), others_(capacity) {}

  // Appends one record. Without room it waits, but all records together no longer than
  // `patience_ns` since the buffer became full: callers' execs are waiting too. False when the
  // record is lost.
  bool Push(const uint8_t* record, size_t length, bool is_held, uint64_t patience_ns);
  // The same, not held, for one who must not wait for room, nor for whoever stands still at the
  // buffer: some milliseconds once, since whoever has just gone on leaves it at once. One caller.
  bool TryPush(const uint8_t* record, size_t length);

  // Moves as many whole records as fit into `out`; returns the bytes written. Held ones leave a
  // quarter of `out` to the others, which therefore always get on.
  size_t Drain(uint8_t* out, size_t capacity);

 private:
  std::mutex mutex_;
  std::condition_variable room_;
  RecordRing held_;
  RecordRing others_;
  uint64_t full_since_ns_ = 0;  // CLOCK_MONOTONIC; 0: there was room
  bool is_stuck_ = false;       // TryPush has waited in vain
};

}  // namespace execwarden
