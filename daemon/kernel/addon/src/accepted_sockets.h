// Who is connected to another process: what it has accepted, asked of the sockets themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "proc_file.h"

namespace execwarden {

struct AcceptedSocket {
  uint64_t inode = 0;
  int pid = 0;             // who connected, in our pid namespace; 0 when it is in none that we see
  bool is_closed = false;  // the other end is gone
};

struct AcceptedSockets {
  int error = 0;
  bool is_complete = true;  // false when a descriptor could not be looked at
  bool has_internet_listener = false;
  std::vector<AcceptedSocket> sockets;
};

// Looks again and again at the unix stream sockets that one process has accepted. What never
// changes of a socket is remembered while it is open.
class SocketWatch {
 public:
  explicit SocketWatch(int pid);

  // Each accepted socket is duplicated for a moment (pidfd_getfd(2), which takes CAP_SYS_PTRACE)
  // and asked for its credentials (unix(7)). At most `descriptors_max` descriptors are looked at.
  // Where the process waits for all of its sockets by one epoll, as programs in Go do, that is
  // asked which they are (proc(5), fdinfo) instead of each of its descriptors. `is_thorough` goes
  // through them all, and sees whether that is so.
  AcceptedSockets Look(size_t descriptors_max, bool is_thorough);

  // Whether the process `pid` has the other end of an accepted socket among its descriptors
  // (sock_diag(7)). Returns 1, 0, or a negative errno.
  int HoldsOtherEnd(int pid, uint64_t inode);

 private:
  enum class Kind { kAccepted, kInternet, kOther };
  struct Known {
    Kind kind = Kind::kOther;
    int pid = 0;
    uint64_t look = 0;  // number of the last look that saw it
  };
  struct OtherEnd {
    uint64_t inode = 0;
    int pid = 0;
    int number = -1;  // where `pid` had it
  };
  struct Polled {
    int number = -1;
    uint64_t inode = 0;
  };

  void LookThrough(size_t descriptors_max, AcceptedSockets* out);
  bool ReadPolled(int poller, std::vector<Polled>* out);
  bool HasAll(int poller);
  static Known Classify(int fd);
  bool Take(int number, uint64_t inode, AcceptedSockets* out);
  void Forget();

  Descriptor process_;
  Descriptor directory_;  // /proc/PID
  int error_ = 0;
  unsigned socket_device_ = 0;
  int poller_ = -1;
  uint64_t looks_ = 0;
  std::string text_;
  std::vector<Polled> polled_;
  std::unordered_map<uint64_t, Known> known_;
  std::unordered_map<uint64_t, OtherEnd> other_ends_;
};

}  // namespace execwarden
