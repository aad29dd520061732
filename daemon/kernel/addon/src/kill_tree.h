// Ends a process with all its descendants, also those that it forks while it is being ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace execwarden {

struct KilledTree {
  int error = 0;             // errno for the first process; ESRCH when it is gone
  uint32_t killed = 0;       // processes, the first one included
  bool is_complete = false;  // false when something of it may be left
};

// Stops the process that has `pid` and started at `start_ticks`, then whatever descends from it,
// again and again until nothing is added, and kills them all then. Every signal goes through a
// pidfd whose start time was compared. Takes two seconds at most: not for threads that answer.
KilledTree KillProcessTree(int pid, uint64_t start_ticks);

}  // namespace execwarden
