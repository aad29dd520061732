// SPDX-License-Identifier: Apache-2.0
#include "marks.h"

#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstdio>

#include "proc_file.h"

namespace execwarden {
namespace {

constexpr uint64_t kOpens = FAN_OPEN_PERM | FAN_ONDIR;

// fanotify_mark takes no O_PATH descriptor as such; its /proc link is the same place.
struct Link {
  explicit Link(int fd) { snprintf(text, sizeof text, "/proc/self/fd/%d", fd); }
  char text[64];
};

}  // namespace

MarkResult AddMark(int fanotify, const MarkRequest& request) {
  Descriptor root(open(request.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return {errno, "open"};
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Descriptor place(
      static_cast<int>(syscall(SYS_openat2, root.get(), request.path.c_str(), &how, sizeof how)));
  if (!place.valid()) return {errno, "openat2"};
  // Without asking a file system's server, which a container may be itself (FUSE).
  struct statx opened{};
  int flags = AT_EMPTY_PATH | AT_STATX_DONT_SYNC;
  if (statx(place.get(), "", flags, STATX_MNT_ID, &opened) != 0) return {errno, "statx"};
  bool is_mount = request.mount_id == 0 ||
                  ((opened.stx_mask & STATX_MNT_ID) != 0 && opened.stx_mnt_id == request.mount_id);
  if (!is_mount || opened.stx_dev_major != request.device_major ||
      opened.stx_dev_minor != request.device_minor) {
    return {ESTALE, "statx"};
  }
  unsigned extent = request.whole_filesystem ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT;
  uint64_t mask = FAN_OPEN_EXEC_PERM | (request.opens_too ? kOpens : 0);
  if (fanotify_mark(fanotify, FAN_MARK_ADD | extent, mask, AT_FDCWD, Link(place.get()).text) != 0) {
    return {errno, "fanotify_mark"};
  }
  return {0, ""};
}

void IgnoreOpens(int fanotify, int file) {
  fanotify_mark(fanotify, FAN_MARK_REMOVE | FAN_MARK_FILESYSTEM, kOpens, AT_FDCWD, Link(file).text);
}

}  // namespace execwarden
