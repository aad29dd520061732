// What is read of a process while its exec waits in the kernel: raw bytes, no meaning.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <cstdint>

#include "parent_starts.h"
#include "tickets.h"

namespace execwarden {

// Bits of RecordHeader::flags; daemon/tracer/gate-record.ts reads the same layout.
enum RecordFlags : uint16_t {
  kHeld = 1 << 0,           // waits for Answer(); otherwise allowed already
  kArgvKnown = 1 << 1,      // argv was read from the caller's memory
  kArgvTruncated = 1 << 2,  // longer than the bound
  kEnvTruncated = 1 << 3,
  kPathTruncated = 1 << 4,
  kStalled = 1 << 5,    // answered by the deadline thread, because the reader was stuck
  kCompat32 = 1 << 6,   // the caller used the 32-bit system call table
  kUndecided = 1 << 7,  // got the deadline's answer at once: too many were outstanding
  kRefused = 1 << 8,    // and that was to refuse it
  kKept = 1 << 9,       // allowed already; the ticket names the file, which is kept open
};

// Followed by the sections in the order of `lengths`, unpadded; the record is padded to 8 bytes.
struct RecordHeader {
  uint32_t size;
  uint16_t flags;
  uint16_t version;
  uint32_t ticket_slot;
  uint32_t ticket_generation;
  uint64_t time_ns;       // CLOCK_REALTIME
  uint64_t monotonic_ns;  // CLOCK_MONOTONIC
  int32_t tid;
  int32_t syscall;  // number in the caller's table, -1 when unknown
  uint64_t path_pointer;
  uint64_t argv_pointer;
  uint64_t stack_pointer;
  uint32_t device_major;
  uint32_t device_minor;
  uint64_t inode;
  uint32_t mode;
  uint32_t uid;
  uint32_t gid;
  uint32_t argc;  // strings in the argv section
  uint64_t file_size;
  int64_t mtime_ns;
  int64_t ctime_ns;
  uint64_t parent_start;  // clock ticks after boot (proc(5), stat field 22), 0 when unknown
  // path, filename argument, argv, env, file head, status, stat, cgroup, loginuid, cwd
  uint32_t lengths[10];
  uint32_t generation;  // of the device number, 0 when it is no container root
};

// The longest record that TakeSnapshot can make, in bytes.
constexpr size_t kRecordMax = 128 * 1024;

struct SnapshotRequest {
  int event_fd;
  const struct stat& file;  // of event_fd; all zeros when it is not known
  int tid;
  bool may_read_memory;  // argv, env and the file's head: these can stall, the rest cannot
  // /proc/PID/fd of this process, which saves the way there; -1: none.
  int own_files = -1;
  // Of the thread that asks; null: read anew.
  ParentStarts* parents = nullptr;
  // Becomes the inode of the caller's mount namespace where the caller could mount; null: not
  // wanted.
  uint64_t* mount_namespace = nullptr;
};

// Fills `record` (kRecordMax bytes, 8-aligned) and returns its size. Never fails: what cannot be
// read is empty. Kernel: fs/proc/base.c (proc_pid_syscall), fs/exec.c.
size_t TakeSnapshot(const SnapshotRequest& request, uint8_t* record);

// The header of a record that TakeSnapshot fills.
inline RecordHeader* HeaderOf(uint8_t* record) { return reinterpret_cast<RecordHeader*>(record); }

}  // namespace execwarden
