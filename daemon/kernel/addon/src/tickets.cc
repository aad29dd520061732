// SPDX-License-Identifier: Apache-2.0
#include "tickets.h"

#include <fcntl.h>
#include <unistd.h>

namespace execwarden {

bool TicketTable::Issue(int fd, uint64_t device, uint64_t deadline_ns, Ticket* out) {
  uint32_t share = static_cast<uint32_t>((device ^ device >> 12) % kShares);
  if (outstanding() >= max_ || shares_[share].load(std::memory_order_relaxed) >= max_ / 2) {
    return false;
  }
  for (uint32_t tried = 0; tried < kSlots; tried++) {
    uint32_t index = next_;
    next_ = (next_ + 1) % kSlots;
    Slot& slot = slots_[index];
    uint64_t state = slot.state.load(std::memory_order_acquire);
    if (state & 1) continue;
    uint64_t generation = ((state >> 1) + 1) & 0xffffffffu;
    slot.fd.store(fd, std::memory_order_relaxed);
    slot.deadline_ns.store(deadline_ns, std::memory_order_relaxed);
    slot.share.store(share, std::memory_order_relaxed);
    shares_[share].fetch_add(1, std::memory_order_relaxed);
    slot.state.store(generation << 1 | 1, std::memory_order_release);
    outstanding_.fetch_add(1, std::memory_order_relaxed);
    *out = {index, static_cast<uint32_t>(generation)};
    return true;
  }
  return false;
}

bool TicketTable::Take(Slot* slot, uint64_t held_state, int* fd) {
  int held = slot->fd.load(std::memory_order_relaxed);
  uint32_t share = slot->share.load(std::memory_order_relaxed);
  uint64_t expected = held_state;
  if (!slot->state.compare_exchange_strong(expected, held_state & ~1ull,
                                           std::memory_order_acq_rel)) {
    return false;
  }
  outstanding_.fetch_sub(1, std::memory_order_relaxed);
  shares_[share].fetch_sub(1, std::memory_order_relaxed);
  *fd = held;
  return true;
}

int TicketTable::Redeem(Ticket ticket) {
  if (ticket.slot >= kSlots) return -1;
  int fd = -1;
  uint64_t held = static_cast<uint64_t>(ticket.generation) << 1 | 1;
  Slot& slot = slots_[ticket.slot];
  if (slot.state.load(std::memory_order_acquire) != held) return -1;
  return Take(&slot, held, &fd) ? fd : -1;
}

int TicketTable::Duplicate(Ticket ticket) {
  if (ticket.slot >= kSlots) return -1;
  uint64_t held = static_cast<uint64_t>(ticket.generation) << 1 | 1;
  Slot& slot = slots_[ticket.slot];
  if (slot.state.load(std::memory_order_acquire) != held) return -1;
  int copy = fcntl(slot.fd.load(std::memory_order_relaxed), F_DUPFD_CLOEXEC, 0);
  // Redeemed meanwhile, the number may have become another file's before it was copied.
  if (slot.state.load(std::memory_order_acquire) == held) return copy;
  if (copy >= 0) close(copy);
  return -1;
}

int TicketTable::RedeemExpired(uint64_t now_ns, uint32_t* cursor, uint64_t* earliest_ns) {
  for (; *cursor < kSlots; (*cursor)++) {
    Slot& slot = slots_[*cursor];
    uint64_t state = slot.state.load(std::memory_order_acquire);
    if (!(state & 1)) continue;
    uint64_t deadline = slot.deadline_ns.load(std::memory_order_relaxed);
    if (deadline > now_ns) {
      if (deadline < *earliest_ns) *earliest_ns = deadline;
      continue;
    }
    int fd = -1;
    if (Take(&slot, state, &fd)) return fd;
  }
  return -1;
}

}  // namespace execwarden
