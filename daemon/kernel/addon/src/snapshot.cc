// SPDX-License-Identifier: Apache-2.0
#include "snapshot.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "proc_file.h"
#include "remote_strings.h"

namespace execwarden {
namespace {

constexpr size_t kPathMax = 4096;
constexpr size_t kArgvMax = 32 * 1024;
constexpr size_t kEnvMax = 8 * 1024;
constexpr size_t kHeadMax = 128;
constexpr size_t kStatusBytes = 4096;
// On a busy machine the caller can be off the processor for some milliseconds between raising the
// event and going to sleep on it; until then its registers are not to be had.
constexpr int kYields = 8;
constexpr long kPauseFirstNs = 50'000;
constexpr long kPauseLastNs = 2'000'000;
constexpr uint64_t kRegistersPatienceNs = 50'000'000;

enum Section { kPath, kFilename, kArgv, kEnv, kHead, kStatus, kStat, kCgroup, kLoginuid, kCwd };

// Appends sections to a record, never past its end.
class Writer {
 public:
  explicit Writer(uint8_t* record) : record_(record), used_(sizeof(RecordHeader)) {}

  char* cursor() { return reinterpret_cast<char*>(record_ + used_); }
  size_t room() const { return kRecordMax - 8 - used_; }
  void Commit(Section section, size_t length) {
    HeaderOf(record_)->lengths[section] = static_cast<uint32_t>(length);
    used_ += length;
  }
  void File(Section section, int directory, const char* name, size_t max) {
    Commit(section, ReadFileAt(directory, name, cursor(), std::min(max, room())));
  }
  size_t Finish() {
    size_t size = (used_ + 7) & ~size_t{7};
    HeaderOf(record_)->size = static_cast<uint32_t>(size);
    return size;
  }

 private:
  uint8_t* record_;
  size_t used_;
};

struct Registers {
  long number = -1;
  uint64_t arguments[6] = {};
  uint64_t stack = 0;
};

// "NR 0xA 0xB 0xC 0xD 0xE 0xF 0xSP 0xPC", or "running" for a moment after the event (proc(5)).
bool ReadRegisters(int directory, Registers* out) {
  char text[256];
  uint64_t give_up_ns = 0;
  timespec pause{0, kPauseFirstNs};
  for (int attempt = 0;; attempt++) {
    size_t length = ReadFileAt(directory, "syscall", text, sizeof text - 1);
    if (length == 0) return false;
    text[length] = 0;
    if (text[0] != 'r') {
      char* at = text;
      out->number = strtol(at, &at, 10);
      for (uint64_t& argument : out->arguments) argument = strtoull(at, &at, 16);
      out->stack = strtoull(at, &at, 16);
      return true;
    }
    if (attempt < kYields) {
      sched_yield();
      continue;
    }
    uint64_t now = ClockNs(CLOCK_MONOTONIC);
    if (give_up_ns == 0) give_up_ns = now + kRegistersPatienceNs;
    if (now >= give_up_ns) return false;
    nanosleep(&pause, nullptr);
    pause.tv_nsec = std::min(pause.tv_nsec * 2, kPauseLastNs);
  }
}

struct Call {
  size_t width = 8;
  uint64_t path = 0;
  uint64_t argv = 0;
  uint64_t env = 0;
};

// arch/x86/entry/syscalls: execve 59/11, execveat 322/358. The 32-bit table is told apart by its
// numbers; 11 and 358 are munmap and an unused number in the 64-bit one, which open no file to
// execute.
bool DecodeCall(const Registers& registers, Call* call) {
  const uint64_t* a = registers.arguments;
  switch (registers.number) {
    case 59:
      *call = {8, a[0], a[1], a[2]};
      return true;
    case 322:
      *call = {8, a[1], a[2], a[3]};
      return true;
    case 11:
      *call = {4, a[0], a[1], a[2]};
      return true;
    case 358:
      *call = {4, a[1], a[2], a[3]};
      return true;
    default:
      return false;
  }
}

void WriteCall(int directory, const Call& call, Writer* writer, RecordHeader* header) {
  Descriptor mem(openat(directory, "mem", O_RDONLY | O_CLOEXEC));
  if (!mem.valid()) return;
  RemoteMemory memory(mem.get());
  size_t length = 0;
  bool truncated = false;
  if (memory.String(call.path, writer->cursor(), kPathMax, &length, &truncated)) {
    writer->Commit(kFilename, length);
  }
  Strings argv = ReadStrings(&memory, call.argv, call.width, writer->cursor(), kArgvMax);
  writer->Commit(kArgv, argv.length);
  header->argc = argv.count;
  if (argv.is_read) header->flags |= kArgvKnown;
  if (argv.truncated) header->flags |= kArgvTruncated;
  Strings env = ReadStrings(&memory, call.env, call.width, writer->cursor(), kEnvMax);
  writer->Commit(kEnv, env.length);
  if (env.truncated) header->flags |= kEnvTruncated;
}

void WriteFileFacts(const SnapshotRequest& request, Writer* writer, RecordHeader* header) {
  const struct stat& file = request.file;
  if (file.st_mode != 0) {
    header->device_major = major(file.st_dev);
    header->device_minor = minor(file.st_dev);
    header->inode = file.st_ino;
    header->mode = file.st_mode;
    header->uid = file.st_uid;
    header->gid = file.st_gid;
    header->file_size = static_cast<uint64_t>(file.st_size);
    header->mtime_ns = file.st_mtim.tv_sec * 1000000000ll + file.st_mtim.tv_nsec;
    header->ctime_ns = file.st_ctim.tv_sec * 1000000000ll + file.st_ctim.tv_nsec;
  }
  char link[64];
  const char* form = request.own_files < 0 ? "/proc/self/fd/%d" : "%d";
  snprintf(link, sizeof link, form, request.event_fd);
  size_t length = ReadLinkAt(request.own_files, link, writer->cursor(), kPathMax);
  if (length == 0 || length == kPathMax) header->flags |= kPathTruncated;
  writer->Commit(kPath, length);
}

// Field 4 of /proc/PID/stat; the name in field 2 may hold anything, so search from the last ')'.
int ParentOf(const char* stat, size_t length) {
  const char* end = static_cast<const char*>(memrchr(stat, ')', length));
  if (!end || stat + length - end < 5) return 0;
  return static_cast<int>(strtol(end + 4, nullptr, 10));
}

// "Tgid:\tN" of /proc/TID/status; `fallback` where it is missing.
int ThreadGroupOf(const char* status, size_t length, int fallback) {
  const char* at = static_cast<const char*>(memmem(status, length, "\nTgid:\t", 7));
  return at ? static_cast<int>(strtol(at + 7, nullptr, 10)) : fallback;
}

// Whether CAP_SYS_ADMIN is in the bounding set, as in a container that was given it and in every
// new user namespace (capabilities(7)). Others cannot mount, nor leave their mount namespace; for
// them the look, some 10 us, is saved.
bool MayMount(const char* status, size_t length) {
  const char* at = static_cast<const char*>(memmem(status, length, "\nCapBnd:\t", 9));
  return at && (strtoull(at + 9, nullptr, 16) >> CAP_SYS_ADMIN & 1) != 0;
}

// stat is the thread group leader's: its start time names the process, also when another thread
// calls. Returns the parent's pid, 0 when unknown. The buffers end in bytes that are no digits.
int WriteProcess(int directory, int tid, Writer* writer, RecordHeader* header) {
  const char* status = writer->cursor();
  writer->Commit(kStatus,
                 ReadStatusAt(directory, writer->cursor(), std::min(kStatusBytes, writer->room())));
  int leader = ThreadGroupOf(status, header->lengths[kStatus], tid);
  const char* stat = writer->cursor();
  if (leader == tid) {
    writer->File(kStat, directory, "stat", 2048);
  } else {
    Descriptor process = OpenProcDirectory(leader);
    if (process.valid()) writer->File(kStat, process.get(), "stat", 2048);
  }
  return ParentOf(stat, header->lengths[kStat]);
}

}  // namespace

size_t TakeSnapshot(const SnapshotRequest& request, uint8_t* record) {
  RecordHeader* header = HeaderOf(record);
  memset(header, 0, sizeof *header);
  header->version = 1;
  header->tid = request.tid;
  header->syscall = -1;
  header->time_ns = ClockNs(CLOCK_REALTIME);
  header->monotonic_ns = ClockNs(CLOCK_MONOTONIC);
  Writer writer(record);
  WriteFileFacts(request, &writer, header);
  Descriptor directory = OpenProcDirectory(request.tid);
  if (!directory.valid()) return writer.Finish();

  Registers registers;
  Call call;
  if (ReadRegisters(directory.get(), &registers)) {
    header->syscall = static_cast<int32_t>(registers.number);
    header->stack_pointer = registers.stack;
    if (DecodeCall(registers, &call)) {
      header->path_pointer = call.path;
      header->argv_pointer = call.argv;
      if (call.width == 4) header->flags |= kCompat32;
      if (request.may_read_memory) WriteCall(directory.get(), call, &writer, header);
    }
  }
  if (request.may_read_memory) {
    ssize_t head = pread(request.event_fd, writer.cursor(), kHeadMax, 0);
    writer.Commit(kHead, head > 0 ? static_cast<size_t>(head) : 0);
  }
  const char* status = writer.cursor();
  int parent = WriteProcess(directory.get(), request.tid, &writer, header);
  if (request.mount_namespace && MayMount(status, header->lengths[kStatus])) {
    struct stat facts{};
    if (fstatat(directory.get(), "ns/mnt", &facts, 0) == 0) *request.mount_namespace = facts.st_ino;
  }
  writer.File(kCgroup, directory.get(), "cgroup", 8192);
  writer.File(kLoginuid, directory.get(), "loginuid", 32);
  writer.Commit(kCwd, ReadLinkAt(directory.get(), "cwd", writer.cursor(), kPathMax));
  if (parent > 0) {
    header->parent_start = request.parents ? request.parents->Of(parent) : ReadStart(parent);
  }
  return writer.Finish();
}

}  // namespace execwarden
