// How execs on each superblock are treated, by device number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "roots.h"

namespace execwarden {

// kObserve: allowed at once. kHold: waits for an answer.
enum class Mode : uint8_t { kNone = 0, kObserve = 1, kHold = 2 };

// A container root that is marked. A generation names one life of a device number: these are
// reused.
struct MarkedRoot {
  uint64_t device;
  uint32_t generation;
  std::string point;
};

// No file is changed as late as this.
constexpr int64_t kNeverNs = INT64_MAX;

struct Treatment {
  Mode mode;
  uint32_t generation;  // 0: no container root
  int64_t keep_from_ns;
};

// Safe from any thread; every call is short.
class Superblocks {
 public:
  Treatment TreatmentOf(uint64_t device);
  // The same for one who must not wait; false when somebody else is at the table.
  bool TryTreatmentOf(uint64_t device, Treatment* out);
  // With a generation other than 0, only while the device number still has that life.
  void SetMode(uint64_t device, Mode mode, uint32_t generation);
  // The mode of devices that have none of their own: those that only mount marks cover.
  void SetDefaultMode(Mode mode);
  // Files that changed at `ctime_ns` or later are kept open after an observed exec. Device 0: those
  // on devices that have no mode of their own. A generation counts as in SetMode.
  void KeepFilesFrom(uint64_t device, int64_t ctime_ns, uint32_t generation);
  bool IsRoot(uint64_t device) { return TreatmentOf(device).generation != 0; }
  // Takes a root into the table, held, unless it is there already with this mount point.
  bool Register(const Root& root);
  // Forgets the roots that are not there any more.
  // The next opens on a root that has just been mounted are looked at (Gate::ServeOpen), until the
  // first exec there or its first mode, and so many at most. Counts one; false when that is over.
  void BeginStart(uint64_t device);
  bool TakeStartOpen(uint64_t device);
  // Whether it had begun.
  bool EndStart(uint64_t device);
  void KeepRoots(const std::unordered_set<uint64_t>& present);
  std::vector<MarkedRoot> Roots();

 private:
  struct Superblock {
    Mode mode = Mode::kNone;
    uint32_t generation = 0;
    int64_t keep_from_ns = kNeverNs;
    uint32_t start_opens = 0;
    std::string point;
  };

  Treatment Find(uint64_t device) const;

  std::mutex mutex_;
  std::unordered_map<uint64_t, Superblock> superblocks_;
  uint32_t next_generation_ = 1;
  Mode default_mode_ = Mode::kHold;
  int64_t default_keep_from_ns_ = kNeverNs;
};

}  // namespace execwarden
