// SPDX-License-Identifier: Apache-2.0
#include "hand_over.h"

#include <sched.h>

#include <algorithm>
#include <chrono>
#include <cstring>

#include "proc_file.h"

namespace execwarden {
namespace {

constexpr uint64_t kTryNs = 5'000'000;

}  // namespace

bool HandOver::Push(const uint8_t* record, size_t length, bool is_held, uint64_t patience_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  RecordRing& ring = is_held ? held_ : others_;
  while (!ring.HasRoom(length)) {
    uint64_t now = ClockNs(CLOCK_MONOTONIC);
    if (full_since_ns_ == 0) full_since_ns_ = now;
    uint64_t until = full_since_ns_ + patience_ns;
    if (now >= until || length > ring.capacity()) return false;
    room_.wait_for(lock, std::chrono::nanoseconds(until - now));
  }
  full_since_ns_ = 0;
  ring.Push(record, length);
  return true;
}

bool HandOver::TryPush(const uint8_t* record, size_t length) {
  std::unique_lock<std::mutex> lock(mutex_, std::defer_lock);
  uint64_t until = ClockNs(CLOCK_MONOTONIC) + (is_stuck_ ? 0 : kTryNs);
  while (!lock.try_lock()) {
    is_stuck_ = ClockNs(CLOCK_MONOTONIC) >= until;
    if (is_stuck_) return false;
    sched_yield();
  }
  is_stuck_ = false;
  if (!others_.HasRoom(length)) return false;
  others_.Push(record, length);
  return true;
}

size_t HandOver::Drain(uint8_t* out, size_t capacity) {
  size_t written = 0;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    written = held_.Drain(out, others_.IsEmpty() ? capacity : capacity - capacity / 4);
    written += others_.Drain(out + written, capacity - written);
  }
  if (written > 0) room_.notify_all();
  return written;
}

void RecordRing::Push(const uint8_t* record, size_t length) {
  size_t tail = (head_ + used_) % capacity_;
  size_t first = std::min(length, capacity_ - tail);
  memcpy(buffer_.get() + tail, record, first);
  memcpy(buffer_.get(), record + first, length - first);
  used_ += length;
}

size_t RecordRing::Drain(uint8_t* out, size_t capacity) {
  size_t written = 0;
  while (used_ > 0) {
    uint32_t length = 0;
    CopyOut(head_, reinterpret_cast<uint8_t*>(&length), sizeof length);
    if (length > capacity - written) break;
    CopyOut(head_, out + written, length);
    written += length;
    head_ = (head_ + length) % capacity_;
    used_ -= length;
  }
  // What is small enough stays in the memory that was used last.
  if (used_ == 0) head_ = 0;
  return written;
}

void RecordRing::CopyOut(size_t at, uint8_t* to, size_t length) const {
  size_t first = std::min(length, capacity_ - at);
  memcpy(to, buffer_.get() + at, first);
  memcpy(to + first, buffer_.get(), length - first);
}

}  // namespace execwarden
