// SPDX-License-Identifier: Apache-2.0
#include "kept_files.h"

#include <utility>

namespace execwarden {

Ticket KeptFiles::Keep(Descriptor file) {
  std::lock_guard<std::mutex> lock(mutex_);
  uint32_t index = next_;
  next_ = (next_ + 1) % kSlots;
  Slot& slot = slots_[index];
  slot.file = std::move(file);
  slot.generation++;
  return {TicketTable::kSlots + index, slot.generation};
}

Descriptor KeptFiles::Take(Ticket ticket) {
  uint32_t index = ticket.slot - TicketTable::kSlots;
  if (!Names(ticket) || index >= kSlots) return Descriptor();
  std::lock_guard<std::mutex> lock(mutex_);
  Slot& slot = slots_[index];
  return slot.generation == ticket.generation ? std::move(slot.file) : Descriptor();
}

}  // namespace execwarden
