// Who is connected to another process: what it has accepted, asked of the sockets themselves.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace execwarden {

struct AcceptedSocket {
  uint64_t inode = 0;
  int pid = 0;  // who connected, in our pid namespace; 0 when it is in none that we see
  uint32_t uid = 0;
  bool is_closed = false;  // the other end is gone
  std::string name;        // the path that it connected to
};

struct AcceptedSockets {
  int error = 0;
  bool is_complete = true;  // false when a descriptor could not be looked at
  bool has_internet_listener = false;
  std::vector<AcceptedSocket> sockets;
};

// The unix stream sockets that the process `pid` has accepted: each is duplicated for a moment
// (pidfd_getfd(2), which takes CAP_SYS_PTRACE) and asked for its credentials (unix(7)). At most
// `descriptors_max` descriptors are looked at.
AcceptedSockets ReadAcceptedSockets(int pid, size_t descriptors_max);

// Whether the process `pid` has the other end of the unix socket `inode` among its descriptors
// (sock_diag(7)). Returns 1, 0, or a negative errno.
int HoldsOtherEnd(int pid, uint64_t inode);

}  // namespace execwarden
