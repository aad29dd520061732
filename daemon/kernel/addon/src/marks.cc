// SPDX-License-Identifier: Apache-2.0
#include "marks.h"

#include <linux/openat2.h>
#include <sys/fanotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdio>

#include "proc_file.h"

namespace execwarden {

MarkResult AddMark(int fanotify, const MarkRequest& request) {
  Descriptor root(open(request.root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!root.valid()) return {errno, "open"};
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Descriptor place(
      static_cast<int>(syscall(SYS_openat2, root.get(), request.path.c_str(), &how, sizeof how)));
  if (!place.valid()) return {errno, "openat2"};
  struct stat opened{};
  if (fstat(place.get(), &opened) != 0) return {errno, "fstat"};
  if (major(opened.st_dev) != request.device_major ||
      minor(opened.st_dev) != request.device_minor) {
    return {ESTALE, "fstat"};
  }
  // fanotify_mark takes no O_PATH descriptor as such; its /proc link is the same place.
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", place.get());
  unsigned flags = FAN_MARK_ADD | (request.whole_filesystem ? FAN_MARK_FILESYSTEM : FAN_MARK_MOUNT);
  if (fanotify_mark(fanotify, flags, FAN_OPEN_EXEC_PERM, AT_FDCWD, link) != 0) {
    return {errno, "fanotify_mark"};
  }
  return {0, ""};
}

}  // namespace execwarden
