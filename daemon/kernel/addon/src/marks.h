// Puts fanotify permission marks where containers can execute from, and nowhere else.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace execwarden {

struct MarkRequest {
  // Directory below which `path` is resolved as a process with that root would (RESOLVE_IN_ROOT).
  std::string root;
  std::string path;
  uint32_t device_major;  // st_dev that the opened place must have
  uint32_t device_minor;
  bool whole_filesystem;   // FAN_MARK_FILESYSTEM; otherwise FAN_MARK_MOUNT
  uint64_t mount_id = 0;   // that the opened place must have too (STATX_MNT_ID); 0: any
  bool opens_too = false;  // FAN_OPEN_PERM beside FAN_OPEN_EXEC_PERM
};

struct MarkResult {
  int error;            // errno, 0 when marked
  const char* syscall;  // which call failed
};

// Opens the place first, checks the opened descriptor's device and mount, and marks through that
// descriptor: a path that was unmounted or replaced meanwhile is ESTALE, never a mark on the wrong
// filesystem. fanotify_mark(2), openat2(2).
MarkResult AddMark(int fanotify, const MarkRequest& request);

// Ends `opens_too` on the file system that `file` is on.
void IgnoreOpens(int fanotify, int file);

}  // namespace execwarden
