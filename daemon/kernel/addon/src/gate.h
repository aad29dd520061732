// A fanotify permission group and the two threads that serve it.
//
// The reader takes a snapshot of each exec while it waits in the kernel, allows those on observed
// superblocks at once, and hands the others to the guard thread with a ticket. The keeper does
// nothing that can wait: it answers tickets whose deadline has passed, serves the queue while the
// reader is stuck in somebody's memory or file, and watches /proc/self/mountinfo. When the whole
// process stands still, the stand-in does the work of both.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "hand_over.h"
#include "kept_files.h"
#include "marks.h"
#include "mount_scout.h"
#include "proc_file.h"
#include "roots.h"
#include "snapshot.h"
#include "stand_in.h"
#include "superblocks.h"
#include "tickets.h"

namespace execwarden {

struct GateOptions {
  uint64_t deadline_ns;
  bool deny_on_deadline;
  size_t hand_over_bytes;
};

// Counters in the order that binding.ts names them.
enum Counter {
  kSeen,
  kAllowed,
  kDenied,
  kDeadlinesMissed,
  kLost,
  kStalls,
  kTicketsExhausted,
  kAnswerErrors,
  kReadErrors,
  kMarkErrors,
  kInherited,
  kStoodIn,
  kCounters,
};

class Gate {
 public:
  explicit Gate(const GateOptions& options);
  ~Gate();
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  struct Failure {
    int error = 0;
    const char* syscall = "";
  };

  // Opens the group and starts the threads. `on_records` and `on_mounts` are called from these
  // threads, at most once until WakeTaken / MountsTaken is called.
  Failure Start(std::function<void()> on_records, std::function<void()> on_mounts);

  // The same with the group of a process that is gone; what is no group stays as it is (EBADF).
  // Answers what that process left unanswered as at the deadline; what comes waits in the kernel
  // until StartReading.
  Failure TakeOver(int group, std::function<void()> on_records, std::function<void()> on_mounts);
  void StartReading();
  // The group's descriptor; it stays the gate's.
  int group() const { return fanotify_.get(); }

  // Closes the group (the kernel then allows whatever waits) and joins the threads.
  void Stop();

  MarkResult Mark(const MarkRequest& request) { return AddMark(fanotify_.get(), request); }
  // Looks for roots of this form from now on, and marks those that are there.
  void SetRootPatterns(std::vector<RootPattern> patterns);
  // Modes and roots; shared with the threads that decide.
  Superblocks& superblocks() { return superblocks_; }
  MountScout& scout() { return scout_; }

  // For execs that come from now on; the answer for those that wait too.
  void SetDeadline(uint64_t deadline_ns, bool deny_on_deadline) {
    deadline_ns_.store(deadline_ns);
    deny_on_deadline_.store(deny_on_deadline);
  }

  // Answers a ticket; false when the deadline, or somebody else, answered before.
  bool Answer(Ticket ticket, bool allow);
  // The file of an unanswered ticket, or one that was kept; invalid when it was answered, or taken.
  Descriptor FileOf(Ticket ticket) {
    if (KeptFiles::Names(ticket)) return kept_files_.Take(ticket);
    return Descriptor(tickets_.Duplicate(ticket));
  }
  size_t Drain(uint8_t* out, size_t capacity);
  void WakeTaken() { records_announced_.store(false); }
  void MountsTaken() { mounts_announced_.store(false); }
  std::array<uint64_t, kCounters> Counters() const;
  uint32_t outstanding() const { return tickets_.outstanding(); }

 private:
  Failure StartThreads();
  void AnswerInherited();
  void ReaderLoop();
  // `is_change`: roots that are new have just been mounted.
  void LookAtMounts(bool is_change);
  void KeeperLoop();
  // Serves what one read(2) gives; false when nothing was waiting.
  bool ReadOnce(uint8_t* events, uint8_t* record, bool is_keeper);
  void Serve(int event_fd, int tid, uint8_t* record, bool is_keeper);
  // Something is opened on a root whose container starts: by the runtime, which is in the
  // container's mount namespace by then. What the container's first exec can be of is marked now.
  void ServeOpen(int event_fd, int tid, bool is_keeper);
  void ServeWithoutTicket(int event_fd, const struct stat& opened, int tid, uint8_t* record);
  void ServeWhileStuck(uint8_t* events, uint8_t* record);
  // Allows an exec that is not held; keeps its file where somebody may ask what is in it.
  void LetGo(Ticket ticket, int64_t keep_from_ns, Descriptor file, RecordHeader* header);
  void HandOverRecord(uint8_t* record, uint64_t patience_ns);
  enum Who { kByKeeper, kByStandIn };
  void AnswerExpired(Who who);
  // In a process of its own.
  void StandInLoop();
  // Serves what waits unread, for as long as nobody else shows signs of life.
  void StandInForReader(uint64_t progress);
  void ServeForReader(int event_fd, int tid);
  // Wakes the keeper at `at_ns`, unless it wakes earlier anyway.
  void ArmTimer(uint64_t at_ns);
  void Respond(int event_fd, bool allow);
  void WriteResponse(int event_fd, bool allow);
  void MarkRoots(bool is_change);
  void Count(Counter counter) { counters_[counter].fetch_add(1, std::memory_order_relaxed); }

  std::atomic<uint64_t> deadline_ns_;
  std::atomic<bool> deny_on_deadline_;
  Descriptor fanotify_;
  Descriptor reader_wake_;
  Descriptor keeper_wake_;
  Descriptor timer_;
  Descriptor mountinfo_;
  Descriptor own_files_;
  std::mutex reader_mutex_;
  std::thread reader_;
  std::thread keeper_;
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> reader_busy_since_ns_{0};
  std::atomic<uint64_t> progress_{0};  // grows while the reader, or the keeper for it, is at work
  std::atomic<bool> records_announced_{false};
  std::atomic<bool> mounts_announced_{false};
  std::function<void()> on_records_;
  std::function<void()> on_mounts_;
  TicketTable tickets_;
  KeptFiles kept_files_;
  std::mutex issue_mutex_;
  std::mutex timer_mutex_;
  uint64_t timer_at_ns_ = UINT64_MAX;
  HandOver hand_over_;
  std::mutex roots_mutex_;  // one scan of the mount table at a time
  std::vector<RootPattern> patterns_;
  Superblocks superblocks_;
  MountScout scout_;
  ParentStarts parents_;  // the reader's
  std::array<std::atomic<uint64_t>, kCounters> counters_{};
  std::atomic<bool> unannounced_{false};  // the stand-in has handed records over
  std::unique_ptr<uint64_t[]> stand_in_record_;
  StandIn stand_in_;
};

}  // namespace execwarden
