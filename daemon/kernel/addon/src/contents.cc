// SPDX-License-Identifier: Apache-2.0
#include "contents.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace execwarden {
namespace {

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
         a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

}  // namespace

int64_t CtimeNs(const struct stat& facts) {
  return facts.st_ctim.tv_sec * 1000000000ll + facts.st_ctim.tv_nsec;
}

DigestResult DigestOf(int fd, uint64_t size_max, std::optional<int64_t> ctime_ns) {
  struct stat before{};
  if (fstat(fd, &before) != 0) return {errno, {}};
  if (!S_ISREG(before.st_mode)) return {EINVAL, {}};
  if (ctime_ns && *ctime_ns != CtimeNs(before)) return {ESTALE, {}};
  if (static_cast<uint64_t>(before.st_size) > size_max) return {EFBIG, {}};
  Sha256 sum;
  std::vector<uint8_t> buffer(1 << 17);
  uint64_t at = 0;
  while (at <= size_max) {
    ssize_t got = pread(fd, buffer.data(), buffer.size(), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {errno, {}};
    if (got == 0) break;
    sum.Update(buffer.data(), static_cast<size_t>(got));
    at += static_cast<uint64_t>(got);
  }
  struct stat after{};
  if (fstat(fd, &after) != 0) return {errno, {}};
  if (!IsSame(before, after) || at != static_cast<uint64_t>(before.st_size)) return {ESTALE, {}};
  return {0, sum.Finish()};
}

}  // namespace execwarden
