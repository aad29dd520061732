// SPDX-License-Identifier: Apache-2.0
#include "parent_starts.h"

#include <sys/syscall.h>

#include <cerrno>

namespace execwarden {
namespace {

// Whether the pid still names this process, which may have ended but not been waited for
// (pidfd_send_signal(2)).
bool IsThere(const Descriptor& process) {
  return syscall(SYS_pidfd_send_signal, process.get(), 0, nullptr, 0) == 0 || errno == EPERM;
}

}  // namespace

uint64_t ReadStart(int pid) {
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return 0;
  char text[2048];
  text[ReadFileAt(directory.get(), "stat", text, sizeof text - 1)] = 0;
  uint64_t ticks = 0;
  return StatField(text, 22, &ticks) ? ticks : 0;
}

uint64_t ParentStarts::Of(int pid) {
  Slot& slot = slots_[static_cast<size_t>(pid) % kSlots];
  bool is_known = slot.pid == pid;
  if (is_known && slot.process.valid() && IsThere(slot.process)) return slot.ticks;
  slot.pid = pid;
  slot.process.Reset(is_known ? static_cast<int>(syscall(SYS_pidfd_open, pid, 0)) : -1);
  slot.ticks = ReadStart(pid);
  // What was read is this process's where the pid is still its own afterwards.
  bool is_its = slot.ticks != 0 && slot.process.valid() && IsThere(slot.process);
  if (!is_its) slot.process.Reset(-1);
  return slot.ticks;
}

}  // namespace execwarden
