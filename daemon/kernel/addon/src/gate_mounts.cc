// What the gate does when something is mounted, and while a container starts.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdio>
#include <unordered_set>
#include <utility>

#include "gate.h"
#include "gate_thread.h"
#include "mount_table.h"

namespace execwarden {

void Gate::SetRootPatterns(std::vector<RootPattern> patterns) {
  {
    std::lock_guard<std::mutex> lock(roots_mutex_);
    patterns_ = std::move(patterns);
  }
  MarkRoots(false);
}

void Gate::MarkRoots(bool is_change) {
  std::lock_guard<std::mutex> lock(roots_mutex_);
  std::unordered_set<uint64_t> present;
  for (const Root& root : FindRoots(ReadMountTable(AT_FDCWD, "/proc/self/mountinfo"), patterns_)) {
    if (present.contains(root.device)) continue;
    // The mode is there before the first event can be. Known roots are marked again: a container
    // that stops and starts can get the same numbers and path, and a second mark changes nothing.
    bool is_new = superblocks_.Register(root);
    MarkRequest request{"/", root.point, major(root.device), minor(root.device), true};
    request.opens_too = is_new && is_change;
    if (request.opens_too) superblocks_.BeginStart(root.device);
    MarkResult result = AddMark(fanotify_.get(), request);
    bool is_gone = result.error == ESTALE || result.error == ENOENT;
    if (result.error != 0 && !is_gone) Count(kMarkErrors);
    if (result.error == 0 || (is_gone && !is_new)) present.insert(root.device);
  }
  superblocks_.KeepRoots(present);
}

void Gate::LookAtMounts(bool is_change) {
  MarkRoots(is_change);
  if (!mounts_announced_.exchange(true)) on_mounts_();
}

void Gate::ServeOpen(int event_fd, int tid, bool is_keeper) {
  struct stat opened{};
  fstat(event_fd, &opened);
  if (!superblocks_.TakeStartOpen(opened.st_dev)) {
    IgnoreOpens(fanotify_.get(), event_fd);
  } else if (!is_keeper) {
    char link[32];
    snprintf(link, sizeof link, "/proc/%d/ns/mnt", tid);
    struct stat facts{};
    if (stat(link, &facts) == 0) scout_.Look(facts.st_ino, tid, deadline_ns_ / kLookShare);
  }
  WriteResponse(event_fd, true);
}

}  // namespace execwarden
