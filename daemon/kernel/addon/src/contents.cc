// SPDX-License-Identifier: Apache-2.0
#include "contents.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "proc_file.h"

namespace execwarden {
namespace {

constexpr size_t kDepthMax = 64;
constexpr uint32_t kEntriesMax = 500'000;

int64_t CtimeNs(const struct stat& facts) {
  return facts.st_ctim.tv_sec * 1000000000ll + facts.st_ctim.tv_nsec;
}

bool IsSame(const struct stat& a, const struct stat& b) {
  return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec &&
         a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec &&
         a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

// A walk through the directories of one file system, by descriptors: no link is followed.
class Walk {
 public:
  Walk(const ListLimits& limits, Listing* out) : limits_(limits), out_(out) {}

  void Run(const std::string& root) {
    Descriptor directory(open(root.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat facts{};
    if (!directory.valid() || fstat(directory.get(), &facts) != 0) {
      out_->error = errno;
      return;
    }
    device_ = facts.st_dev;
    Enter(std::move(directory), "", 0);
  }

 private:
  void Enter(Descriptor directory, const std::string& path, size_t depth) {
    DIR* stream = fdopendir(fcntl(directory.get(), F_DUPFD_CLOEXEC, 0));
    if (!stream) return;
    while (const dirent* entry = readdir(stream)) {
      if (++entries_ > kEntriesMax || out_->files.size() >= limits_.files_max) {
        out_->is_complete = false;
        break;
      }
      if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0) continue;
      if (entry->d_type != DT_DIR && entry->d_type != DT_REG && entry->d_type != DT_UNKNOWN)
        continue;
      Look(directory.get(), entry->d_name, path, depth);
    }
    closedir(stream);
  }

  void Look(int directory, const char* name, const std::string& path, size_t depth) {
    struct stat facts{};
    if (fstatat(directory, name, &facts, AT_SYMLINK_NOFOLLOW) != 0 || facts.st_dev != device_)
      return;
    bool is_program = S_ISREG(facts.st_mode) && (facts.st_mode & 0111) != 0;
    if (!is_program && !S_ISDIR(facts.st_mode)) return;
    int flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    Descriptor file(openat(directory, name, flags));
    // The descriptor counts: what has the name may be another file by now, or a mount.
    if (!file.valid() || fstat(file.get(), &facts) != 0 || facts.st_dev != device_) return;
    std::string full = path + "/" + name;
    if (S_ISDIR(facts.st_mode)) {
      if (depth >= kDepthMax) {
        out_->is_complete = false;
      } else {
        Enter(std::move(file), full, depth + 1);
      }
      return;
    }
    if (S_ISREG(facts.st_mode)) Add(file.get(), facts, std::move(full));
  }

  void Add(int fd, const struct stat& facts, std::string path) {
    auto size = static_cast<uint64_t>(facts.st_size);
    if (size > limits_.size_max || read_ + size > limits_.bytes_max) {
      out_->is_complete = false;
      return;
    }
    read_ += size;
    DigestResult result = DigestOf(fd, limits_.size_max, std::nullopt);
    if (result.error != 0) return;
    out_->files.push_back({std::move(path), facts.st_ino, size, CtimeNs(facts), result.digest});
  }

  ListLimits limits_;
  Listing* out_;
  dev_t device_ = 0;
  uint32_t entries_ = 0;
  uint64_t read_ = 0;
};

}  // namespace

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

Listing ListExecutables(const std::string& root, const ListLimits& limits) {
  Listing listing;
  Walk(limits, &listing).Run(root);
  return listing;
}

}  // namespace execwarden
