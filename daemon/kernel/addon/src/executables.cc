// SPDX-License-Identifier: Apache-2.0
#include "executables.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <memory>
#include <unordered_set>
#include <utility>

#include "contents.h"
#include "proc_file.h"

namespace execwarden {
namespace {

constexpr uint32_t kDepthMax = 64;
constexpr size_t kHeldBytesMax = 32 << 20;
constexpr uint64_t kNsPerMs = 1'000'000;

Descriptor OpenBelow(int directory, const std::string& path, uint64_t flags) {
  open_how how{};
  how.flags = flags | O_NOFOLLOW | O_CLOEXEC;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV;
  return Descriptor(
      static_cast<int>(syscall(SYS_openat2, directory, path.c_str(), &how, sizeof how)));
}

bool HasAttribute(int fd, const char* name) { return fgetxattr(fd, name, nullptr, 0) >= 0; }

// What lies below it in lower layers does not show (Documentation/filesystems/overlayfs.rst).
bool IsOpaque(int fd) {
  char value[2];
  return fgetxattr(fd, "trusted.overlay.opaque", value, sizeof value) == 1 && value[0] == 'y';
}

struct CloseDirectory {
  void operator()(DIR* stream) const { closedir(stream); }
};

// One directory of the merged tree: the layers that have a part in it, the topmost first.
struct Directory {
  std::string path;  // relative; "." for the root
  std::vector<size_t> layers;
  uint32_t depth;
};

class Walk {
 public:
  Walk(const ListLimits& limits, Listing* out)
      : limits_(limits),
        out_(out),
        end_ns_(ClockNs(CLOCK_MONOTONIC) + limits.time_max_ms * kNsPerMs) {}

  void Run(const std::vector<std::string>& layers) {
    Directory root{".", {}, 0};
    for (const std::string& layer : layers) {
      roots_.emplace_back(open(layer.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
      if (!roots_.back().valid()) {
        out_->error = errno;
        return;
      }
      root.layers.push_back(root.layers.size());
    }
    Hold(root.path.size());
    pending_.push_back(std::move(root));
    // Breadth first: a tree that is very large somewhere does not push out what is in /usr/bin.
    while (!pending_.empty() && !is_over_) {
      Directory next = std::move(pending_.front());
      pending_.pop_front();
      held_ -= next.path.size();
      Enter(next);
    }
  }

 private:
  struct Part {
    size_t layer;
    Descriptor fd;
  };

  void Count(Skip reason) { out_->skipped[reason] += 1; }

  void End(Skip reason) {
    Count(reason);
    is_over_ = true;
  }

  bool IsOver() {
    if (is_over_) return true;
    if (++entries_ > limits_.entries_max) {
      End(kBeyondEntries);
    } else if (out_->files.size() >= limits_.files_max) {
      End(kBeyondFiles);
    } else if (ClockNs(CLOCK_MONOTONIC) >= end_ns_) {
      End(kTimeUp);
    }
    return is_over_;
  }

  // Names that are kept for later: few and long ones count as many.
  void Hold(size_t bytes) {
    held_ += bytes;
    if (held_ > kHeldBytesMax && !is_over_) End(kBeyondEntries);
  }

  void Enter(const Directory& directory) {
    std::vector<Part> parts;
    for (size_t layer : directory.layers) {
      Descriptor fd = OpenBelow(roots_[layer].get(), directory.path, O_RDONLY | O_DIRECTORY);
      if (fd.valid()) {
        parts.push_back({layer, std::move(fd)});
      } else if (errno != EXDEV) {
        Count(errno == ENAMETOOLONG ? kTooDeep : kUnreadable);
      }
    }
    // What an upper part has said about a name; of no use in the lowest one.
    std::unordered_set<std::string> seen;
    for (size_t i = 0; i < parts.size() && !is_over_; i++) Read(directory, parts, i, &seen);
    for (const std::string& name : seen) held_ -= name.size();
  }

  void Read(const Directory& directory, const std::vector<Part>& parts, size_t index,
            std::unordered_set<std::string>* seen) {
    int fd = parts[index].fd.get();
    std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(fcntl(fd, F_DUPFD_CLOEXEC, 0)));
    if (!stream) return Count(kUnreadable);
    bool is_lowest = index + 1 == parts.size();
    while (const dirent* entry = readdir(stream.get())) {
      const char* name = entry->d_name;
      if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) continue;
      if (IsOver()) return;
      if (parts.size() > 1) {
        if (seen->contains(name)) continue;
        if (!is_lowest) {
          seen->insert(name);
          Hold(strlen(name));
        }
      }
      unsigned char type = entry->d_type == DT_UNKNOWN ? TypeOf(fd, name) : entry->d_type;
      // A device 0:0 is a whiteout; no other device, link, fifo or socket is a program.
      if (type == DT_DIR) {
        Plan(directory, parts, index, name);
      } else if (type == DT_REG) {
        Look(fd, name, directory, directory.layers.size() > 1);
      }
    }
  }

  static unsigned char TypeOf(int fd, const char* name) {
    struct stat facts{};
    if (fstatat(fd, name, &facts, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
    return S_ISDIR(facts.st_mode) ? DT_DIR : S_ISREG(facts.st_mode) ? DT_REG : DT_UNKNOWN;
  }

  // Which layers have a part in the directory `name`: this one, and lower ones down to where it is
  // opaque or something else.
  void Plan(const Directory& parent, const std::vector<Part>& parts, size_t index,
            const std::string& name) {
    if (parent.depth >= kDepthMax) return Count(kTooDeep);
    Directory child{parent.depth == 0 ? name : parent.path + "/" + name, {}, parent.depth + 1};
    for (size_t i = index; i < parts.size(); i++) {
      const Part& part = parts[i];
      struct stat facts{};
      if (i > index) {
        if (fstatat(part.fd.get(), name.c_str(), &facts, AT_SYMLINK_NOFOLLOW) != 0) continue;
        if (!S_ISDIR(facts.st_mode)) break;
      }
      child.layers.push_back(part.layer);
      if (i + 1 == parts.size()) break;
      Descriptor fd = OpenBelow(part.fd.get(), name, O_RDONLY | O_DIRECTORY);
      if (!fd.valid()) break;
      // Renamed by a kernel that was told to remember from where: what is below is not known here.
      bool is_moved = HasAttribute(fd.get(), "trusted.overlay.redirect");
      if (is_moved) Count(kUnreadable);
      if (is_moved || IsOpaque(fd.get())) break;
    }
    Hold(child.path.size());
    pending_.push_back(std::move(child));
  }

  void Look(int fd, const char* name, const Directory& directory, bool is_layer) {
    // By what it is, then for reading: opening a device by its name could do something.
    Descriptor place = OpenBelow(fd, name, O_PATH);
    struct stat facts{};
    if (!place.valid() || fstat(place.get(), &facts) != 0) {
      if (errno != EXDEV) Count(kUnreadable);
      return;
    }
    if (!S_ISREG(facts.st_mode) || (facts.st_mode & 0111) == 0) return;
    auto size = static_cast<uint64_t>(facts.st_size);
    if (size > limits_.size_max) return Count(kTooLarge);
    Digest digest{};
    if (!Digested(place.get(), facts, is_layer, &digest)) return;
    std::string path = directory.depth == 0 ? "/" : "/" + directory.path + "/";
    out_->files.push_back({path + name, size, CtimeNs(facts), digest});
  }

  // The names of one file need its bytes once.
  bool Digested(int place, const struct stat& facts, bool is_layer, Digest* digest) {
    bool has_names = facts.st_nlink > 1;
    std::pair<dev_t, ino_t> key{facts.st_dev, facts.st_ino};
    if (auto known = by_inode_.find(key); has_names && known != by_inode_.end()) {
      *digest = known->second;
      return true;
    }
    auto size = static_cast<uint64_t>(facts.st_size);
    if (read_ + size > limits_.bytes_max) return Count(kBeyondBytes), false;
    read_ += size;
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", place);
    Descriptor file(open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    // Its bytes are in another layer, or it stands for a removed one.
    bool is_marked = is_layer && (HasAttribute(file.get(), "trusted.overlay.metacopy") ||
                                  HasAttribute(file.get(), "trusted.overlay.whiteout"));
    DigestResult result = file.valid() && !is_marked
                              ? DigestOf(file.get(), limits_.size_max, CtimeNs(facts))
                              : DigestResult{EIO, {}};
    if (result.error != 0) return Count(kUnreadable), false;
    if (has_names) by_inode_.emplace(key, result.digest);
    *digest = result.digest;
    return true;
  }

  ListLimits limits_;
  Listing* out_;
  uint64_t end_ns_;
  std::vector<Descriptor> roots_;
  std::deque<Directory> pending_;
  std::map<std::pair<dev_t, ino_t>, Digest> by_inode_;
  uint32_t entries_ = 0;
  uint64_t read_ = 0;
  size_t held_ = 0;
  bool is_over_ = false;
};

}  // namespace

Listing ListExecutables(const std::vector<std::string>& layers, const ListLimits& limits) {
  Listing listing;
  Walk(limits, &listing).Run(layers);
  return listing;
}

}  // namespace execwarden
