// SPDX-License-Identifier: Apache-2.0
#include "mount_scout.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "gate_thread.h"
#include "mount_table.h"

namespace execwarden {
namespace {

constexpr size_t kNamespacesMax = 1024;
constexpr size_t kMountsMax = 4096;
// In an epoll event's data, beside the namespace's number: its process has ended.
constexpr uint64_t kEnded = 1ull << 63;

// Nothing can be executed from these: marking them is refused or pointless.
constexpr std::array<std::string_view, 13> kNeverExecutable = {
    "proc",    "sysfs",   "cgroup", "cgroup2", "devpts",   "mqueue", "securityfs",
    "debugfs", "tracefs", "bpf",    "pstore",  "configfs", "nsfs"};

bool IsExecutable(std::string_view type) {
  for (std::string_view never : kNeverExecutable) {
    if (type == never) return false;
  }
  return true;
}

uint64_t NamespaceOf(int directory) {
  struct stat facts{};
  return fstatat(directory, "ns/mnt", &facts, 0) == 0 ? facts.st_ino : 0;
}

// The process that a task is a thread of; `tid` where that cannot be read.
int LeaderOf(int directory, int tid) {
  char text[4096];
  size_t length = ReadStatusAt(directory, text, sizeof text - 1);
  text[length] = 0;
  const char* at = strstr(text, "\nTgid:\t");
  return at ? static_cast<int>(strtol(at + 7, nullptr, 10)) : tid;
}

std::unordered_set<uint64_t> HostDevices() {
  std::string text = ReadMountTable(AT_FDCWD, "/proc/self/mountinfo");
  std::string_view table = text;
  std::unordered_set<uint64_t> devices;
  while (!table.empty()) {
    MountLine line;
    if (TakeMountLine(&table, &line)) devices.insert(line.device);
  }
  return devices;
}

// Looking up what lies below a FUSE mount asks a server that the container may be itself.
bool IsBelowAny(const std::string& point, const std::vector<std::string>& servers) {
  for (const std::string& server : servers) {
    if (point.size() > server.size() && point.starts_with(server) && point[server.size()] == '/')
      return true;
  }
  return false;
}

}  // namespace

int MountScout::Start() {
  Descriptor self = OpenProcDirectory(getpid());
  Descriptor first = OpenProcDirectory(1);
  host_[0] = self.valid() ? NamespaceOf(self.get()) : 0;
  host_[1] = first.valid() ? NamespaceOf(first.get()) : 0;
  epoll_.Reset(epoll_create1(EPOLL_CLOEXEC));
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.valid() || !wake_.valid()) return errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = 0;
  if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_.get(), &event) != 0) return errno;
  thread_ = std::thread([this] { Loop(); });
  return 0;
}

void MountScout::Stop() {
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_stopping_ = true;
  }
  if (wake_.valid()) WakeUp(wake_.get());
  if (thread_.joinable()) thread_.join();
  scanned_.notify_all();
}

void MountScout::Follow(int pid) {
  Descriptor directory = OpenProcDirectory(pid);
  uint64_t id = directory.valid() ? NamespaceOf(directory.get()) : 0;
  std::lock_guard<std::mutex> lock(mutex_);
  if (is_stopping_ || IsHost(id)) return;
  auto known = namespaces_.find(id);
  if (known != namespaces_.end() && known->second.pid == pid) return;
  Namespace added;
  if (Open(id, pid, &added)) Add(id, std::move(added));
}

void MountScout::Look(uint64_t id, int tid, uint64_t patience_ns) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (is_stopping_ || IsHost(id)) return;
  auto found = namespaces_.find(id);
  if (found == namespaces_.end()) {
    Descriptor directory = OpenProcDirectory(tid);
    Namespace added;
    if (!directory.valid() || !Open(id, LeaderOf(directory.get(), tid), &added)) return;
    Add(id, std::move(added));
    found = namespaces_.find(id);
    if (found == namespaces_.end()) return;
  }
  pollfd changes{found->second.seen_by_reader.get(), POLLPRI, 0};
  if (poll(&changes, 1, 0) > 0) found->second.wanted++;
  if (found->second.done >= found->second.wanted) return;
  WakeUp(wake_.get());
  uint64_t wanted = found->second.wanted;
  auto is_done = [this, id, wanted] {
    auto current = namespaces_.find(id);
    return current == namespaces_.end() || current->second.done >= wanted || is_stopping_;
  };
  if (!scanned_.wait_for(lock, std::chrono::nanoseconds(patience_ns), is_done)) counts_.late++;
}

MountScoutCounts MountScout::Counts() {
  std::lock_guard<std::mutex> lock(mutex_);
  counts_.namespaces = namespaces_.size();
  return counts_;
}

// Under the lock. The files of a process that is gone, or elsewhere by now, are not opened.
bool MountScout::Open(uint64_t id, int pid, Namespace* out) {
  out->pid = pid;
  out->process.Reset(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  Descriptor directory = OpenProcDirectory(pid);
  if (!out->process.valid() || !directory.valid()) return false;
  for (Descriptor* file : {&out->seen_by_scout, &out->seen_by_reader}) {
    file->Reset(openat(directory.get(), "mountinfo", O_RDONLY | O_CLOEXEC));
    if (!file->valid()) return false;
  }
  return NamespaceOf(directory.get()) == id;
}

// Under the lock.
void MountScout::Add(uint64_t id, Namespace added) {
  Drop(id);
  if (namespaces_.size() >= kNamespacesMax) {
    counts_.refused++;
    return;
  }
  epoll_event event{};
  event.events = EPOLLPRI;
  event.data.u64 = id;
  bool is_watched = epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, added.seen_by_scout.get(), &event) == 0;
  event.events = EPOLLIN;
  event.data.u64 = id | kEnded;
  if (!is_watched || epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, added.process.get(), &event) != 0) {
    counts_.refused++;
    return;
  }
  namespaces_[id] = std::move(added);
  WakeUp(wake_.get());
}

// Under the lock. Closing takes the files out of epoll: nobody else has them.
void MountScout::Drop(uint64_t id) {
  namespaces_.erase(id);
  scanned_.notify_all();
}

void MountScout::Loop() {
  Hurry("ew-mount-scout");
  while (true) {
    epoll_event ready[16];
    int count = epoll_wait(epoll_.get(), ready, 16, -1);
    if (count < 0 && errno != EINTR) break;
    std::vector<uint64_t> due;
    {
      std::lock_guard<std::mutex> lock(mutex_);
      if (is_stopping_) break;
      for (int i = 0; i < count; i++) {
        uint64_t id = ready[i].data.u64 & ~kEnded;
        auto found = namespaces_.find(id);
        if (id == 0) {
          DrainCounter(wake_.get());
        } else if (ready[i].data.u64 & kEnded) {
          pollfd process{found == namespaces_.end() ? -1 : found->second.process.get(), POLLIN, 0};
          // Another process may have taken its place meanwhile.
          if (poll(&process, 1, 0) > 0) Drop(id);
        } else if (found != namespaces_.end()) {
          found->second.wanted++;
        }
      }
      for (const auto& [id, known] : namespaces_) {
        if (known.done < known.wanted) due.push_back(id);
      }
    }
    for (uint64_t id : due) Scan(id);
  }
}

void MountScout::Scan(uint64_t id) {
  int pid;
  uint64_t wanted;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    auto found = namespaces_.find(id);
    if (found == namespaces_.end() || is_stopping_) return;
    pid = found->second.pid;
    wanted = found->second.wanted;
  }
  uint64_t since = ClockNs(CLOCK_MONOTONIC);
  bool is_seen = MarkAll(id, pid);
  uint64_t took = ClockNs(CLOCK_MONOTONIC) - since;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    counts_.scans++;
    auto found = namespaces_.find(id);
    if (found == namespaces_.end()) return;
    if (is_seen) {
      found->second.done = std::max(found->second.done, wanted);
    } else {
      // It has left the namespace: the next exec there shows it again.
      Drop(id);
    }
  }
  scanned_.notify_all();
  // Whoever mounts without end gets no more than half of a processor out of this.
  timespec pause{0, static_cast<long>(std::min<uint64_t>(took, 50'000'000))};
  if (took > 1'000'000) nanosleep(&pause, nullptr);
}

// False when the process is not there, or not in this namespace any more. Never a mount of the
// host's: what is marked must be the mount that the table has, and the table must be this one's.
bool MountScout::MarkAll(uint64_t id, int pid) {
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return false;
  Descriptor root(openat(directory.get(), "root", O_PATH | O_DIRECTORY | O_CLOEXEC));
  std::string text = ReadMountTable(directory.get(), "mountinfo");
  if (!root.valid() || NamespaceOf(directory.get()) != id) return false;
  std::unordered_set<uint64_t> host = HostDevices();
  std::string from = "/proc/self/fd/" + std::to_string(root.get());
  std::vector<std::string> servers;
  std::string_view table = text;
  uint64_t failed = 0;
  for (size_t count = 0; !table.empty(); count++) {
    MountLine line;
    if (!TakeMountLine(&table, &line) || !IsExecutable(line.type)) continue;
    if (port_.is_root(line.device)) continue;
    if (count >= kMountsMax || IsBelowAny(line.point, servers)) {
      failed++;
      continue;
    }
    bool is_own = !host.empty() && !host.contains(line.device);
    MarkRequest request{from, line.point, major(line.device), minor(line.device), is_own};
    request.mount_id = line.id;
    MarkResult result = port_.mark(request);
    // Covered by another mount, or unmounted since: nobody comes there by a path.
    bool is_gone = result.error == ESTALE || result.error == ENOENT || result.error == ENOTDIR;
    if (result.error != 0 && !is_gone) failed++;
    if (line.type.starts_with("fuse")) servers.push_back(std::move(line.point));
  }
  std::lock_guard<std::mutex> lock(mutex_);
  counts_.failed += failed;
  return true;
}

}  // namespace execwarden
