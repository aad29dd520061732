// A client of the kernel's audit subsystem (netlink(7), NETLINK_AUDIT) with one thread that takes
// records. What the records mean, and which rules are wanted, is decided in TypeScript.
//
// Two sockets: `control` asks and is answered, one request at a time; `records` is either the one
// unicast owner of the audit stream or a member of the read-only multicast group.
// Kernel: kernel/audit.c.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "hand_over.h"
#include "proc_file.h"

namespace execwarden {

// Counters in the order that binding.ts names them.
enum AuditCounter {
  kAuditRecords,   // records of execs, handed over
  kAuditForeign,   // records of other kinds, not looked at
  kAuditLost,      // records without room in the hand-over buffer
  kAuditOverruns,  // times that the kernel had no room in the socket's buffer (ENOBUFS)
  kAuditRivals,    // times that another process wanted to become the owner
  kAuditCounters,
};

// Followed by the record's text; padded to 8 bytes.
struct AuditRecordHeader {
  uint32_t size;
  uint16_t type;  // AUDIT_SYSCALL …, linux/audit.h
  uint16_t reserved;
  uint32_t length;  // of the text
  uint32_t reserved2;
  uint64_t monotonic_ns;
};

struct AuditReply {
  uint16_t type;
  std::string payload;
};

class AuditClient {
 public:
  explicit AuditClient(size_t hand_over_bytes) : hand_over_(hand_over_bytes) {}
  ~AuditClient();
  AuditClient(const AuditClient&) = delete;
  AuditClient& operator=(const AuditClient&) = delete;

  // Opens the sockets and starts the thread. Returns errno. `on_records` is called from the thread,
  // at most once until WakeTaken.
  int Start(std::function<void()> on_records);
  // Ends the thread and closes the sockets; the kernel forgets an owner whose socket is gone when
  // it next has a record for it, so give ownership back before.
  void Stop();

  // One request on the control socket, with its replies up to the acknowledgement. Returns the
  // kernel's errno, 110 (ETIMEDOUT) when it does not answer within two seconds.
  int Request(uint16_t type, const void* payload, size_t length, std::vector<AuditReply>* replies);
  // AUDIT_SET by the records socket, which becomes (or ceases to be) the owner's.
  int SetByRecords(const void* payload, size_t length);
  // Joins or leaves AUDIT_NLGRP_READLOG. Returns errno.
  int SetMulticast(bool is_member);

  size_t Drain(uint8_t* out, size_t capacity) { return hand_over_.Drain(out, capacity); }
  void WakeTaken() { announced_.store(false); }
  std::array<uint64_t, kAuditCounters> Counters() const;

 private:
  void Loop();
  bool ReceiveOnce();
  void Take(const uint8_t* datagram, size_t length);
  void HandOverRecord(uint16_t type, const uint8_t* text, size_t length);
  void Acknowledge(uint32_t sequence, int error);
  void Count(AuditCounter counter) { counters_[counter].fetch_add(1, std::memory_order_relaxed); }

  Descriptor control_;
  Descriptor records_;
  Descriptor wake_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<bool> announced_{false};
  std::function<void()> on_records_;
  HandOver hand_over_;
  std::mutex control_mutex_;
  uint32_t next_sequence_ = 1;
  std::mutex ack_mutex_;
  std::condition_variable acked_;
  uint32_t awaited_ = 0;  // 0: nothing is
  int ack_error_ = -1;    // -1: not yet
  std::array<std::atomic<uint64_t>, kAuditCounters> counters_{};
};

}  // namespace execwarden
