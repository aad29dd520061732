// One hook: a program of the operator's, started as another user, fed, listened to and ended in
// time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace execwarden {

struct HookRequest {
  uint32_t id = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint32_t timeout_ms = 0;
  std::vector<std::string> argv;
  std::vector<std::string> environment;
  std::string input;
};

enum class HookEnd : uint32_t { kExited = 0, kSignaled = 1, kNotStarted = 2 };

// A running hook. The helper polls its descriptors; -1 where one is closed.
struct Hook {
  uint32_t id = 0;
  pid_t pid = -1;
  int pidfd = -1;       // readable when it has ended
  int input = -1;       // writable: its standard input
  int errors = -1;      // readable: its standard error
  int failure = -1;     // readable: errno of what kept it from starting, or the end when it started
  std::string pending;  // what is still to be written to it
  size_t written = 0;
  std::string said;  // the first bytes of its standard error
  int error = 0;     // why it did not start
  int64_t deadline_ms = 0;
  bool is_timed_out = false;

  // Starts it; false when not even that was possible, and `error` says why.
  bool Start(const HookRequest& request, int64_t now_ms);
  void Write();
  void Listen();
  void LearnFailure();
  // Its time is over: asks it to end, and kills it the second time.
  void Expire(int64_t now_ms);
  // After it ended: the whole of what there is to tell, and nothing of it is left open.
  HookEnd Finish(uint32_t* value);
};

int64_t MonotonicMs();

}  // namespace execwarden
