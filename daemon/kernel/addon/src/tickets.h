// One ticket per permission request: whoever redeems it first answers, everybody else is told no.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace execwarden {

struct Ticket {
  uint32_t slot = 0;
  uint32_t generation = 0;
};

// Fixed table of outstanding requests. Issue() is for reader threads under the gate's read lock;
// Redeem() is safe from any thread.
class TicketTable {
 public:
  static constexpr uint32_t kSlots = 8192;

  // `max` tickets may be outstanding, at most kSlots.
  explicit TicketTable(uint32_t max) : max_(max) {}

  // Registers event descriptor `fd` until `deadline_ns` (CLOCK_MONOTONIC). False when the table is
  // full, or half of it is this device's: a flood in one container leaves room for the others.
  bool Issue(int fd, uint64_t device, uint64_t deadline_ns, Ticket* out);

  // Takes the descriptor of a ticket, once. -1 when it was taken already.
  int Redeem(Ticket ticket);

  // A copy of the descriptor of a ticket that nobody has redeemed yet; -1 when somebody has.
  int Duplicate(Ticket ticket);

  // Takes the next ticket whose deadline is not after `now_ns`, searching from `*cursor`; -1 when
  // there is none. `*earliest_ns` becomes the earliest deadline of those still waiting (UINT64_MAX:
  // none).
  int RedeemExpired(uint64_t now_ns, uint32_t* cursor, uint64_t* earliest_ns);

  uint32_t outstanding() const { return outstanding_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    // generation << 1 | held
    std::atomic<uint64_t> state{0};
    std::atomic<int> fd{-1};
    std::atomic<uint64_t> deadline_ns{0};
    std::atomic<uint32_t> share{0};
  };
  // Devices whose numbers fall together have one share.
  static constexpr uint32_t kShares = 1024;

  bool Take(Slot* slot, uint64_t held_state, int* fd);

  const uint32_t max_;
  std::array<Slot, kSlots> slots_;
  std::array<std::atomic<uint32_t>, kShares> shares_{};
  std::atomic<uint32_t> outstanding_{0};
  uint32_t next_ = 0;
};

}  // namespace execwarden
