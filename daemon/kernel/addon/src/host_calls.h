// The few system calls that Node does not offer. Each is one call, bounded, without policy.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace execwarden {

// Sends SIGKILL to the process that has `pid` and started at `start_ticks` (proc(5), stat field
// 22), through a pidfd, so that a reused pid is never hit. Returns errno; ESRCH when it is gone.
int KillProcess(int pid, uint64_t start_ticks);

// Sends one datagram to the service manager's socket (sd_notify(3)); a leading '@' is an abstract
// name. `fd`, unless it is -1, goes along for FDSTORE=1. Returns errno.
int NotifyServiceManager(const std::string& socket_path, const std::string& message, int fd = -1);

struct FileContent {
  int error = 0;
  std::string bytes;
};

// Reads a regular file of at most `size_max` bytes below `root`, resolved as a process with that
// root would: links never lead outside. Not for files on FUSE, which could wait for ever.
FileContent ReadFileInRoot(const std::string& root, const std::string& path, size_t size_max);

struct ProcessText {
  std::string status;
  std::string stat;
  std::string exe;
  std::string argv;  // NUL-separated, the first 4 KiB
};

// /proc/PID/{status,stat}, the target of exe, and argv by way of /proc/PID/mem: unlike
// /proc/PID/cmdline, that fails at once where the owner lets a page fault wait.
ProcessText ReadProcess(int pid);

struct PeerCredentials {
  int error = 0;
  int pid = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  std::vector<uint32_t> groups;  // supplementary
};

// Who connected to the unix socket `fd`, as it was then (unix(7), SO_PEERCRED and SO_PEERGROUPS).
PeerCredentials ReadPeerCredentials(int fd);

struct ArgumentText {
  std::string stat;  // /proc/PID/stat
  std::string argv;  // NUL-separated, the first 32 KiB
};

// The arguments as they stand in the memory of PID now; as in ReadProcess, nobody can stall it.
ArgumentText ReadArguments(int pid);

// /proc/PID/cgroup.
std::string ReadCgroup(int pid);

}  // namespace execwarden
