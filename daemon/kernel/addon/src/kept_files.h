// Files of execs that are answered already, kept open for whoever wants to know what is in them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>

#include "proc_file.h"
#include "tickets.h"

namespace execwarden {

// A fixed number of descriptors, the oldest of which makes room. A ticket of a slot beyond those of
// the ticket table names one of them. Safe from any thread.
class KeptFiles {
 public:
  static constexpr uint32_t kSlots = 256;

  static bool Names(Ticket ticket) { return ticket.slot >= TicketTable::kSlots; }

  Ticket Keep(Descriptor file);
  // Takes a file out; invalid when it was taken, or made room.
  Descriptor Take(Ticket ticket);

 private:
  struct Slot {
    Descriptor file;
    uint32_t generation = 0;
  };

  std::mutex mutex_;
  std::array<Slot, kSlots> slots_;
  uint32_t next_ = 0;
};

}  // namespace execwarden
