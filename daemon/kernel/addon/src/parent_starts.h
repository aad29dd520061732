// When processes have started that start others again and again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "proc_file.h"

namespace execwarden {

// Remembers a fixed number of processes. One that was asked for twice is held by a pidfd, which
// tells without reading /proc whether the pid is still its own. For one thread.
class ParentStarts {
 public:
  // Start time of process `pid` in clock ticks (proc(5), stat field 22); 0 when it is gone.
  uint64_t Of(int pid);

 private:
  static constexpr size_t kSlots = 64;

  struct Slot {
    int pid = 0;
    uint64_t ticks = 0;
    Descriptor process;  // invalid: the pid may be another's by now
  };

  std::array<Slot, kSlots> slots_;
};

// The same, read anew; 0 when it is gone.
uint64_t ReadStart(int pid);

}  // namespace execwarden
