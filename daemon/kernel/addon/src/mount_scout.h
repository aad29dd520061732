// Follows what is mounted in the mount namespaces of containers, so that what a container can
// execute from is marked as soon as it is there: later mounts, and namespaces that processes of a
// container make for themselves.
//
// The kernel wakes whoever polls an open /proc/PID/mountinfo when that namespace's table changes
// (fs/proc_namespace.c, mounts_poll), once for each open file: the scout has one, and looks at
// once; the gate's reader has another, and knows before it answers an exec whether there is
// something that the scout has yet to see. An open file keeps the namespace alive: it is closed
// when the process ends that it was opened by. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "marks.h"
#include "proc_file.h"

namespace execwarden {

// What the scout does with what it finds.
struct MountScoutPort {
  std::function<MarkResult(const MarkRequest&)> mark;
  // Whether a device is a container's root, which is marked already.
  std::function<bool(uint64_t device)> is_root;
};

struct MountScoutCounts {
  uint64_t namespaces;  // that are followed now
  uint64_t scans;
  uint64_t late;     // execs that did not wait for a scan any longer
  uint64_t failed;   // places that could not be marked
  uint64_t refused;  // namespaces that were too many
};

class MountScout {
 public:
  explicit MountScout(MountScoutPort port) : port_(std::move(port)) {}
  ~MountScout() { Stop(); }

  // 0, or an errno.
  int Start();
  void Stop();

  // Process `pid` is in a container for as long as there is one: its namespace is followed by it.
  void Follow(int pid);

  // Task `tid`, in mount namespace `id` (the inode of its ns/mnt), waits: all that is mounted there
  // is marked when this returns, unless it took longer than `patience_ns`.
  void Look(uint64_t id, int tid, uint64_t patience_ns);

  MountScoutCounts Counts();

 private:
  struct Namespace {
    int pid = 0;
    Descriptor process;  // pidfd
    Descriptor seen_by_scout;
    Descriptor seen_by_reader;
    uint64_t wanted = 1;  // scans
    uint64_t done = 0;
  };

  void Loop();
  void Scan(uint64_t id);
  bool MarkAll(uint64_t id, int pid);
  bool Open(uint64_t id, int pid, Namespace* out);
  void Add(uint64_t id, Namespace added);
  void Drop(uint64_t id);
  bool IsHost(uint64_t id) const { return id == 0 || id == host_[0] || id == host_[1]; }

  MountScoutPort port_;
  uint64_t host_[2] = {0, 0};  // of this process and of pid 1
  Descriptor epoll_;
  Descriptor wake_;
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable scanned_;
  bool is_stopping_ = false;
  std::unordered_map<uint64_t, Namespace> namespaces_;
  MountScoutCounts counts_{};
};

}  // namespace execwarden
