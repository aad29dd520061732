// SPDX-License-Identifier: Apache-2.0
#include "kill_tree.h"

#include <dirent.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

#include "proc_file.h"

namespace execwarden {
namespace {

constexpr int64_t kTimeMaxMs = 2000;
constexpr size_t kProcessesMax = 65536;
constexpr useconds_t kPauseUs = 1000;

struct Stat {
  int pid = 0;
  int parent = 0;
  char state = 0;
  uint64_t start_ticks = 0;
};

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// Fields 3, 4 and 22 of /proc/PID/stat (proc(5)); the name before them may hold anything.
bool ReadStat(int pid, Stat* out) {
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return false;
  char text[2048];
  size_t length = ReadFileAt(directory.get(), "stat", text, sizeof text - 1);
  text[length] = 0;
  char* at = strrchr(text, ')');
  if (!at || at[1] != ' ') return false;
  out->pid = pid;
  out->state = at[2];
  at = strchr(at + 2, ' ');
  if (!at) return false;
  out->parent = static_cast<int>(strtol(at + 1, &at, 10));
  for (int field = 4; at && field < 21; field++) at = strchr(at + 1, ' ');
  if (!at) return false;
  out->start_ticks = strtoull(at + 1, nullptr, 10);
  return true;
}

// Dead, or waiting for its parent to notice.
bool HasEnded(const Stat& stat) { return stat.state == 'Z' || stat.state == 'X'; }

// Stopped, ended, or in a wait that no fork comes out of before the signals that are pending.
bool CannotFork(const Stat& stat) {
  return HasEnded(stat) || stat.state == 'T' || stat.state == 't' || stat.state == 'D';
}

int Signal(int pid, uint64_t start_ticks, int signal) {
  Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) return errno;
  Stat stat;
  if (!ReadStat(pid, &stat) || stat.start_ticks != start_ticks) return ESRCH;
  return syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) == 0 ? 0 : errno;
}

std::vector<Stat> ReadAllStats() {
  std::vector<Stat> all;
  std::unique_ptr<DIR, int (*)(DIR*)> directory(opendir("/proc"), closedir);
  if (!directory) return all;
  while (dirent* entry = readdir(directory.get())) {
    int pid = atoi(entry->d_name);
    Stat stat;
    if (pid > 0 && ReadStat(pid, &stat)) all.push_back(stat);
  }
  return all;
}

// The processes of the tree, by pid, with their start times.
using Known = std::unordered_map<int, uint64_t>;

bool IsKnown(const Known& known, const Stat& stat) {
  auto found = known.find(stat.pid);
  return found != known.end() && found->second == stat.start_ticks;
}

// Stops what descends from the known; false when something was added or may still fork.
bool StopDescendants(Known* known) {
  std::vector<Stat> all = ReadAllStats();
  // A parent that ended, and whose pid somebody else has, has no children here.
  std::unordered_map<int, const Stat*> by_pid;
  for (const Stat& stat : all) by_pid[stat.pid] = &stat;
  bool is_still = true;
  for (bool is_growing = true; is_growing;) {
    is_growing = false;
    for (const Stat& stat : all) {
      auto parent = by_pid.find(stat.parent);
      if (parent == by_pid.end() || !IsKnown(*known, *parent->second)) continue;
      if (IsKnown(*known, stat) || known->size() >= kProcessesMax) continue;
      if (!HasEnded(stat)) Signal(stat.pid, stat.start_ticks, SIGSTOP);
      (*known)[stat.pid] = stat.start_ticks;
      is_growing = true;
      is_still = false;
    }
  }
  for (const Stat& stat : all) {
    if (IsKnown(*known, stat) && !CannotFork(stat)) is_still = false;
  }
  return is_still;
}

bool HaveAllEnded(const Known& known) {
  for (const auto& [pid, start_ticks] : known) {
    Stat stat;
    if (ReadStat(pid, &stat) && stat.start_ticks == start_ticks && !HasEnded(stat)) return false;
  }
  return true;
}

}  // namespace

KilledTree KillProcessTree(int pid, uint64_t start_ticks) {
  KilledTree result;
  result.error = Signal(pid, start_ticks, SIGSTOP);
  if (result.error != 0) return result;
  int64_t end_ms = NowMs() + kTimeMaxMs;
  Known known{{pid, start_ticks}};
  // What a frozen container has stands still too, but is never seen stopped: half of the time.
  while (!StopDescendants(&known) && NowMs() < end_ms - kTimeMaxMs / 2) usleep(kPauseUs);
  for (const auto& [one, started] : known) {
    Stat stat;
    if (ReadStat(one, &stat) && HasEnded(stat)) continue;
    if (Signal(one, started, SIGKILL) == 0) result.killed++;
  }
  result.is_complete = known.size() < kProcessesMax;
  while (!HaveAllEnded(known)) {
    if (NowMs() >= end_ms) {
      result.is_complete = false;
      break;
    }
    usleep(kPauseUs);
  }
  return result;
}

}  // namespace execwarden
