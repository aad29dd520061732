// SPDX-License-Identifier: Apache-2.0
#include "audit.h"

#include <linux/audit.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace execwarden {
namespace {

// A record is at most MAX_AUDIT_MESSAGE_LENGTH (8,970 bytes) with its header.
constexpr size_t kDatagramMax = 16 * 1024;
constexpr int kBatch = 16;
// Beyond net.core.rmem_max the kernel takes what it allows.
constexpr int kReceiveBytes = 8 << 20;
constexpr int kAnswerTimeoutMs = 2'000;
// Records wait in the kernel meanwhile, up to its backlog limit.
constexpr uint64_t kPatienceNs = 100'000'000;
constexpr uint16_t kAuditReplace = 1329;

Descriptor OpenSocket(int extra_flags) {
  Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | extra_flags, NETLINK_AUDIT));
  if (!netlink.valid()) return netlink;
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  if (bind(netlink.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
    int error = errno;
    netlink.Reset(-1);
    errno = error;
  }
  return netlink;
}

int Send(int netlink, uint16_t type, uint32_t sequence, const void* payload, size_t length) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<uint32_t>(NLMSG_LENGTH(length));
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  header.nlmsg_seq = sequence;
  std::string message(reinterpret_cast<const char*>(&header), sizeof header);
  message.append(static_cast<const char*>(payload), length);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  ssize_t sent = sendto(netlink, message.data(), message.size(), 0,
                        reinterpret_cast<sockaddr*>(&kernel), sizeof kernel);
  return sent < 0 ? errno : 0;
}

struct Message {
  uint16_t type = 0;
  uint32_t sequence = 0;
  int error = 0;  // of NLMSG_ERROR
  const uint8_t* payload = nullptr;
  size_t length = 0;
};

// One message fills one datagram. Its own length field lacks the header in unicast records
// (kernel/audit.c, audit_log_end), so the datagram's length is what counts.
bool Parse(const uint8_t* datagram, size_t length, Message* out) {
  if (length < sizeof(nlmsghdr)) return false;
  nlmsghdr header;
  memcpy(&header, datagram, sizeof header);
  out->type = header.nlmsg_type;
  out->sequence = header.nlmsg_seq;
  out->payload = datagram + sizeof header;
  out->length = length - sizeof header;
  if (out->type == NLMSG_ERROR) {
    if (out->length < sizeof(int)) return false;
    int negative;
    memcpy(&negative, out->payload, sizeof negative);
    out->error = -negative;
  }
  return true;
}

// Only the kernel has port id 0; any process may send to our port.
ssize_t ReceiveFromKernel(int netlink, uint8_t* out, size_t capacity) {
  sockaddr_nl sender{};
  socklen_t size = sizeof sender;
  ssize_t got = recvfrom(netlink, out, capacity, 0, reinterpret_cast<sockaddr*>(&sender), &size);
  return got >= 0 && sender.nl_pid != 0 ? 0 : got;
}

bool IsOfExec(uint16_t type) {
  switch (type) {
    case AUDIT_SYSCALL:
    case AUDIT_PATH:
    case AUDIT_CWD:
    case AUDIT_EXECVE:
    case AUDIT_EOE:
      return true;
    default:
      return false;
  }
}

}  // namespace

AuditClient::~AuditClient() { Stop(); }

int AuditClient::Start(std::function<void()> on_records) {
  on_records_ = std::move(on_records);
  control_ = OpenSocket(0);
  if (!control_.valid()) return errno;
  records_ = OpenSocket(SOCK_NONBLOCK);
  if (!records_.valid()) return errno;
  if (setsockopt(records_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBytes,
                 sizeof kReceiveBytes) != 0) {
    setsockopt(records_.get(), SOL_SOCKET, SO_RCVBUF, &kReceiveBytes, sizeof kReceiveBytes);
  }
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return errno;
  thread_ = std::thread([this] { Loop(); });
  return 0;
}

void AuditClient::Stop() {
  if (stopping_.exchange(true)) return;
  if (wake_.valid()) {
    uint64_t one = 1;
    ssize_t written = write(wake_.get(), &one, sizeof one);
    static_cast<void>(written);
  }
  if (thread_.joinable()) thread_.join();
  records_.Reset(-1);
  control_.Reset(-1);
}

int AuditClient::Request(uint16_t type, const void* payload, size_t length,
                         std::vector<AuditReply>* replies) {
  std::lock_guard<std::mutex> lock(control_mutex_);
  if (!control_.valid()) return EBADF;
  uint32_t sequence = next_sequence_++;
  int failure = Send(control_.get(), type, sequence, payload, length);
  if (failure != 0) return failure;
  bool is_acknowledged = false;
  uint64_t until = ClockNs(CLOCK_MONOTONIC) + kAnswerTimeoutMs * 1'000'000ull;
  uint8_t buffer[kDatagramMax];
  while (true) {
    uint64_t now = ClockNs(CLOCK_MONOTONIC);
    if (now >= until) return ETIMEDOUT;
    pollfd ready{control_.get(), POLLIN, 0};
    int count = poll(&ready, 1, static_cast<int>((until - now) / 1'000'000) + 1);
    if (count < 0 && errno != EINTR) return errno;
    if (count <= 0) continue;
    ssize_t got = ReceiveFromKernel(control_.get(), buffer, sizeof buffer);
    if (got < 0 && errno != EINTR && errno != ENOBUFS) return errno;
    Message message;
    if (got <= 0 || !Parse(buffer, static_cast<size_t>(got), &message)) continue;
    if (message.sequence != sequence) continue;
    // The answer to AUDIT_LIST_RULES comes from a thread of the kernel's, after the
    // acknowledgement, and ends with NLMSG_DONE; AUDIT_GET answers once, before or after.
    if (message.type == NLMSG_ERROR) {
      if (message.error != 0) return message.error;
      is_acknowledged = true;
    } else if (message.type == NLMSG_DONE) {
      return 0;
    } else if (replies->size() < 65'536) {
      replies->push_back({message.type, std::string(reinterpret_cast<const char*>(message.payload),
                                                    message.length)});
    }
    bool is_listing = type == AUDIT_LIST_RULES;
    bool is_asking = type == AUDIT_GET || type == AUDIT_GET_FEATURE;
    if (is_acknowledged && !is_listing && (!is_asking || !replies->empty())) return 0;
  }
}

int AuditClient::SetByRecords(const void* payload, size_t length) {
  std::lock_guard<std::mutex> lock(control_mutex_);
  if (!records_.valid()) return EBADF;
  uint32_t sequence = next_sequence_++;
  std::unique_lock<std::mutex> ack_lock(ack_mutex_);
  awaited_ = sequence;
  ack_error_ = -1;
  int failure = Send(records_.get(), AUDIT_SET, sequence, payload, length);
  if (failure != 0) return failure;
  bool is_acked = acked_.wait_for(ack_lock, std::chrono::milliseconds(kAnswerTimeoutMs),
                                  [this] { return ack_error_ >= 0; });
  awaited_ = 0;
  return is_acked ? ack_error_ : ETIMEDOUT;
}

int AuditClient::SetMulticast(bool is_member) {
  int group = AUDIT_NLGRP_READLOG;
  int option = is_member ? NETLINK_ADD_MEMBERSHIP : NETLINK_DROP_MEMBERSHIP;
  return setsockopt(records_.get(), SOL_NETLINK, option, &group, sizeof group) == 0 ? 0 : errno;
}

std::array<uint64_t, kAuditCounters> AuditClient::Counters() const {
  std::array<uint64_t, kAuditCounters> values{};
  for (int i = 0; i < kAuditCounters; i++) {
    values[i] = counters_[i].load(std::memory_order_relaxed);
  }
  return values;
}

void AuditClient::Loop() {
  prctl(PR_SET_NAME, "ew-audit");
  // Behind the gate's threads; callers wait for a reader that is far behind.
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -10);
  while (!stopping_.load()) {
    pollfd ready[2] = {{records_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (poll(ready, 2, -1) < 0 && errno != EINTR) return;
    while (!stopping_.load() && ReceiveOnce()) continue;
  }
}

bool AuditClient::ReceiveOnce() {
  static thread_local uint8_t buffers[kBatch][kDatagramMax];
  mmsghdr messages[kBatch] = {};
  iovec parts[kBatch];
  sockaddr_nl senders[kBatch] = {};
  for (int i = 0; i < kBatch; i++) {
    parts[i] = {buffers[i], kDatagramMax};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_name = &senders[i];
    messages[i].msg_hdr.msg_namelen = sizeof senders[i];
  }
  int count = recvmmsg(records_.get(), messages, kBatch, MSG_DONTWAIT, nullptr);
  if (count < 0) {
    if (errno == ENOBUFS) Count(kAuditOverruns);
    return errno == ENOBUFS || errno == EINTR;
  }
  for (int i = 0; i < count; i++) {
    if (senders[i].nl_pid == 0) Take(buffers[i], messages[i].msg_len);
  }
  return count == kBatch;
}

void AuditClient::Take(const uint8_t* datagram, size_t length) {
  Message message;
  if (!Parse(datagram, length, &message)) return;
  if (message.type == NLMSG_ERROR) {
    Acknowledge(message.sequence, message.error);
  } else if (message.type == kAuditReplace) {
    int rival = 0;
    if (message.length >= sizeof rival) memcpy(&rival, message.payload, sizeof rival);
    // Our own requests announce themselves too.
    if (rival != getpid()) Count(kAuditRivals);
  } else if (IsOfExec(message.type)) {
    HandOverRecord(message.type, message.payload, message.length);
  } else {
    Count(kAuditForeign);
  }
}

void AuditClient::HandOverRecord(uint16_t type, const uint8_t* text, size_t length) {
  alignas(8) static thread_local uint8_t record[sizeof(AuditRecordHeader) + kDatagramMax + 8];
  // Some records end in a zero.
  while (length > 0 && text[length - 1] == 0) length--;
  AuditRecordHeader header{};
  header.size = static_cast<uint32_t>((sizeof header + length + 7) & ~size_t{7});
  header.type = type;
  header.length = static_cast<uint32_t>(length);
  header.monotonic_ns = ClockNs(CLOCK_MONOTONIC);
  memcpy(record, &header, sizeof header);
  memcpy(record + sizeof header, text, length);
  Count(hand_over_.Push(record, header.size, false, kPatienceNs) ? kAuditRecords : kAuditLost);
  if (!announced_.exchange(true)) on_records_();
}

void AuditClient::Acknowledge(uint32_t sequence, int error) {
  std::lock_guard<std::mutex> lock(ack_mutex_);
  if (sequence != awaited_) return;
  ack_error_ = error;
  acked_.notify_all();
}

}  // namespace execwarden
