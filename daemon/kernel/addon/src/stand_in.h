// A second process that shares memory and descriptors with this one, but not its thread group: what
// stops our threads (SIGSTOP, a debugger) does not stop it, and what ends them ends it too.
//
// It runs on the thread-local storage of the thread that made it, which sleeps meanwhile, as
// posix_spawn(3) does it. Locks may be held by threads that stand still: its work waits for none.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>

#include "proc_file.h"

namespace execwarden {

class StandIn {
 public:
  ~StandIn() { Stop(); }

  // Makes what Start needs. Returns errno.
  int Open();
  // Runs `work` in a process of its own, until `wake()` can be read and `work` returns; again, if
  // somebody ends that process.
  void Start(std::function<void()> work);
  void Stop();

  // A descriptor that can be read when it is time to end.
  int wake() const { return wake_.get(); }

 private:
  static int Main(void* self);
  void Loop();

  std::function<void()> work_;
  Descriptor wake_;
  std::unique_ptr<uint64_t[]> stack_;
  pid_t daemon_ = 0;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
};

}  // namespace execwarden
