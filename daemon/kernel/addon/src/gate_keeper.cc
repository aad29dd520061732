// The gate's second thread: it does nothing that can wait.
// SPDX-License-Identifier: Apache-2.0
#include <sys/timerfd.h>
#include <time.h>

#include <cerrno>

#include "gate.h"
#include "gate_thread.h"

namespace execwarden {
namespace {

constexpr uint64_t kStuckRetryNs = 5'000'000;
constexpr int kReadsPerTurn = 64;

}  // namespace

void Gate::ArmTimer(uint64_t at_ns) {
  std::lock_guard<std::mutex> lock(timer_mutex_);
  if (at_ns >= timer_at_ns_) return;
  timer_at_ns_ = at_ns;
  itimerspec at{};
  at.it_value.tv_sec = static_cast<time_t>(at_ns / 1000000000u);
  at.it_value.tv_nsec = static_cast<long>(at_ns % 1000000000u);
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void Gate::AnswerExpired(Who who) {
  if (who == kByKeeper) {
    // Whoever issues a ticket after this scan arms the timer anew.
    std::lock_guard<std::mutex> lock(timer_mutex_);
    timer_at_ns_ = UINT64_MAX;
  }
  uint64_t earliest = UINT64_MAX;
  uint32_t cursor = 0;
  uint64_t now = ClockNs(CLOCK_MONOTONIC);
  while (true) {
    int fd = tickets_.RedeemExpired(now, &cursor, &earliest);
    if (fd < 0) break;
    Count(kDeadlinesMissed);
    Respond(fd, !deny_on_deadline_);
  }
  if (who == kByKeeper && earliest != UINT64_MAX) ArmTimer(earliest);
}

void Gate::ServeWhileStuck(uint8_t* events, uint8_t* record) {
  uint64_t busy_since = reader_busy_since_ns_.load();
  uint64_t now = ClockNs(CLOCK_MONOTONIC);
  if (busy_since == 0) return;
  if (now - busy_since < deadline_ns_ / 4) {
    ArmTimer(busy_since + deadline_ns_ / 4);
    return;
  }
  Count(kStalls);
  for (int i = 0; i < kReadsPerTurn && ReadOnce(events, record, true); i++) continue;
  ArmTimer(now + kStuckRetryNs);
}

void Gate::KeeperLoop() {
  Hurry("ew-gate-keeper");
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Watch(epoll.get(), keeper_wake_.get(), EPOLLIN);
  Watch(epoll.get(), timer_.get(), EPOLLIN);
  Watch(epoll.get(), mountinfo_.get(), EPOLLPRI);
  // Adding it has consumed what changed since it was opened (fs/proc_namespace.c, mounts_poll).
  LookAtMounts(false);
  alignas(8) uint8_t events[kEventsBytes];
  auto record = std::make_unique<uint64_t[]>(kRecordMax / 8);
  while (!stopping_.load()) {
    epoll_event ready[3];
    int count = epoll_wait(epoll.get(), ready, 3, -1);
    if (count < 0 && errno != EINTR) break;
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd == timer_.get()) DrainCounter(fd);
      if (fd != mountinfo_.get()) continue;
      LookAtMounts(true);
    }
    AnswerExpired(kByKeeper);
    ServeWhileStuck(events, reinterpret_cast<uint8_t*>(record.get()));
  }
}

}  // namespace execwarden
