// SPDX-License-Identifier: Apache-2.0
#include "gate.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>

#include <cerrno>
#include <cstring>
#include <unordered_set>

namespace execwarden {
namespace {

constexpr size_t kEventsBytes = 4096;
constexpr uint64_t kStuckRetryNs = 5'000'000;
constexpr int kReadsPerTurn = 64;

void WakeUp(int eventfd) {
  uint64_t one = 1;
  ssize_t written = write(eventfd, &one, sizeof one);
  static_cast<void>(written);
}

bool Watch(int epoll, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// An exec may be waiting for this thread: it runs before ordinary work. setpriority(2) is per
// thread.
void Hurry(const char* name) {
  prctl(PR_SET_NAME, name);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -20);
}

void DrainCounter(int fd) {
  uint64_t value;
  ssize_t got = read(fd, &value, sizeof value);
  static_cast<void>(got);
}

}  // namespace

Gate::Gate(const GateOptions& options)
    : deadline_ns_(options.deadline_ns),
      deny_on_deadline_(options.deny_on_deadline),
      hand_over_(options.hand_over_bytes) {}

Gate::~Gate() { Stop(); }

Gate::Failure Gate::Start(std::function<void()> on_records, std::function<void()> on_mounts) {
  on_records_ = std::move(on_records);
  on_mounts_ = std::move(on_mounts);
  fanotify_.Reset(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
                                    FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_TID,
                                O_RDONLY | O_LARGEFILE | O_CLOEXEC));
  if (!fanotify_.valid()) return {errno, "fanotify_init"};
  reader_wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  keeper_wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!reader_wake_.valid() || !keeper_wake_.valid()) return {errno, "eventfd"};
  timer_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_.valid()) return {errno, "timerfd_create"};
  mountinfo_.Reset(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!mountinfo_.valid()) return {errno, "open"};
  reader_ = std::thread([this] { ReaderLoop(); });
  keeper_ = std::thread([this] { KeeperLoop(); });
  return {};
}

void Gate::Stop() {
  if (stopping_.exchange(true)) return;
  if (reader_wake_.valid()) WakeUp(reader_wake_.get());
  if (keeper_wake_.valid()) WakeUp(keeper_wake_.get());
  if (reader_.joinable()) reader_.join();
  if (keeper_.joinable()) keeper_.join();
  fanotify_.Reset(-1);
}

void Gate::SetRootPatterns(std::vector<RootPattern> patterns) {
  {
    std::lock_guard<std::mutex> lock(roots_mutex_);
    patterns_ = std::move(patterns);
  }
  MarkRoots();
}

void Gate::MarkRoots() {
  std::lock_guard<std::mutex> lock(roots_mutex_);
  std::unordered_set<uint64_t> present;
  for (const Root& root : FindRoots(ReadMountTable(), patterns_)) {
    if (present.contains(root.device)) continue;
    // The mode is there before the first event can be. Known roots are marked again: a container
    // that stops and starts can get the same numbers and path, and a second mark changes nothing.
    bool is_new = superblocks_.Register(root);
    MarkResult result =
        AddMark(fanotify_.get(), {"/", root.point, major(root.device), minor(root.device), true});
    bool is_gone = result.error == ESTALE || result.error == ENOENT;
    if (result.error != 0 && !is_gone) Count(kMarkErrors);
    if (result.error == 0 || (is_gone && !is_new)) present.insert(root.device);
  }
  superblocks_.KeepRoots(present);
}

bool Gate::Answer(Ticket ticket, bool allow) {
  int fd = tickets_.Redeem(ticket);
  if (fd < 0) return false;
  Respond(fd, allow);
  return true;
}

size_t Gate::Drain(uint8_t* out, size_t capacity) { return hand_over_.Drain(out, capacity); }

std::array<uint64_t, kCounters> Gate::Counters() const {
  std::array<uint64_t, kCounters> values{};
  for (int i = 0; i < kCounters; i++) values[i] = counters_[i].load(std::memory_order_relaxed);
  return values;
}

void Gate::Respond(int event_fd, bool allow) {
  fanotify_response response{};
  response.fd = event_fd;
  response.response = allow ? FAN_ALLOW : FAN_DENY;
  ssize_t written = write(fanotify_.get(), &response, sizeof response);
  if (written != static_cast<ssize_t>(sizeof response)) Count(kAnswerErrors);
  close(event_fd);
  Count(allow ? kAllowed : kDenied);
}

void Gate::ReaderLoop() {
  Hurry("ew-gate-reader");
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Watch(epoll.get(), reader_wake_.get(), EPOLLIN);
  Watch(epoll.get(), fanotify_.get(), EPOLLIN);
  alignas(8) static thread_local uint8_t events[kEventsBytes];
  auto record = std::make_unique<uint64_t[]>(kRecordMax / 8);
  while (!stopping_.load()) {
    epoll_event ready[2];
    int count = epoll_wait(epoll.get(), ready, 2, -1);
    if (count < 0 && errno != EINTR) break;
    ReadOnce(events, reinterpret_cast<uint8_t*>(record.get()), false);
  }
}

bool Gate::ReadOnce(uint8_t* events, uint8_t* record, bool is_keeper) {
  ssize_t length = read(fanotify_.get(), events, kEventsBytes);
  if (length < 0) {
    // EAGAIN: nothing there. Anything else is one event whose file could not be opened for us
    // (EMFILE, ENXIO …): the kernel has denied or dropped that one already.
    if (errno != EAGAIN && errno != EINTR) Count(kReadErrors);
    return errno != EAGAIN;
  }
  auto* event = reinterpret_cast<fanotify_event_metadata*>(events);
  for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
    if (event->fd < 0) continue;
    if (!(event->mask & FAN_OPEN_EXEC_PERM)) {
      close(event->fd);
      continue;
    }
    Serve(event->fd, event->pid, record, is_keeper);
  }
  return true;
}

void Gate::Serve(int event_fd, int tid, uint8_t* record, bool is_keeper) {
  Count(kSeen);
  uint64_t now = ClockNs(CLOCK_MONOTONIC);
  // What the keeper serves has waited behind the reader already.
  uint64_t since = is_keeper ? reader_busy_since_ns_.load() : now;
  uint64_t deadline = (since == 0 ? now : since) + deadline_ns_;
  Ticket ticket;
  bool is_issued;
  {
    std::lock_guard<std::mutex> lock(issue_mutex_);
    is_issued = tickets_.Issue(event_fd, deadline, &ticket);
  }
  if (!is_issued) {
    Count(kTicketsExhausted);
    Respond(event_fd, !deny_on_deadline_);
    return;
  }
  if (!is_keeper) reader_busy_since_ns_.store(now);
  ArmTimer(now + deadline_ns_ / 4);
  // The ticket's owner closes the descriptor when it answers; a copy keeps ours valid meanwhile.
  Descriptor file(fcntl(event_fd, F_DUPFD_CLOEXEC, 0));
  TakeSnapshot({file.get(), tid, !is_keeper}, record);
  RecordHeader* header = HeaderOf(record);
  header->ticket_slot = ticket.slot;
  header->ticket_generation = ticket.generation;
  if (is_keeper) header->flags |= kStalled;
  Treatment treatment =
      superblocks_.TreatmentOf(makedev(header->device_major, header->device_minor));
  header->generation = treatment.generation;
  if (treatment.mode == Mode::kHold) {
    header->flags |= kHeld;
  } else {
    int fd = tickets_.Redeem(ticket);
    if (fd >= 0) Respond(fd, true);
  }
  // From here on the reader is not stuck, whatever the guard thread does.
  if (!is_keeper) reader_busy_since_ns_.store(0);
  HandOverRecord(record, is_keeper ? 0 : deadline_ns_ / 2);
}

void Gate::HandOverRecord(uint8_t* record, uint64_t patience_ns) {
  if (!hand_over_.Push(record, HeaderOf(record)->size, patience_ns)) Count(kLost);
  if (!records_announced_.exchange(true)) on_records_();
}

void Gate::ArmTimer(uint64_t at_ns) {
  std::lock_guard<std::mutex> lock(timer_mutex_);
  if (at_ns >= timer_at_ns_) return;
  timer_at_ns_ = at_ns;
  itimerspec at{};
  at.it_value.tv_sec = static_cast<time_t>(at_ns / 1000000000u);
  at.it_value.tv_nsec = static_cast<long>(at_ns % 1000000000u);
  timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &at, nullptr);
}

void Gate::AnswerExpired() {
  {
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
  if (earliest != UINT64_MAX) ArmTimer(earliest);
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

void Gate::LookAtMounts() {
  MarkRoots();
  if (!mounts_announced_.exchange(true)) on_mounts_();
}

void Gate::KeeperLoop() {
  Hurry("ew-gate-keeper");
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Watch(epoll.get(), keeper_wake_.get(), EPOLLIN);
  Watch(epoll.get(), timer_.get(), EPOLLIN);
  Watch(epoll.get(), mountinfo_.get(), EPOLLPRI);
  // Adding it has consumed what changed since it was opened (fs/proc_namespace.c, mounts_poll).
  LookAtMounts();
  alignas(8) static thread_local uint8_t events[kEventsBytes];
  auto record = std::make_unique<uint64_t[]>(kRecordMax / 8);
  while (!stopping_.load()) {
    epoll_event ready[3];
    int count = epoll_wait(epoll.get(), ready, 3, -1);
    if (count < 0 && errno != EINTR) break;
    for (int i = 0; i < count; i++) {
      int fd = ready[i].data.fd;
      if (fd == timer_.get()) DrainCounter(fd);
      if (fd != mountinfo_.get()) continue;
      LookAtMounts();
    }
    AnswerExpired();
    ServeWhileStuck(events, reinterpret_cast<uint8_t*>(record.get()));
  }
}

}  // namespace execwarden
