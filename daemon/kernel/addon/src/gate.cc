// SPDX-License-Identifier: Apache-2.0
#include "gate.h"

#include <sys/eventfd.h>
#include <sys/fanotify.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/timerfd.h>
#include <time.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <utility>

#include "gate_thread.h"

namespace execwarden {
namespace {

// Descriptor numbers that a predecessor may have used.
constexpr rlim_t kNumbersMin = 65536;
constexpr rlim_t kNumbersMax = 1 << 20;

// Half of the descriptors that may be open: one for the exec, one for whoever looks at it.
uint32_t TicketsMax() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return TicketTable::kSlots;
  return static_cast<uint32_t>(std::min<rlim_t>(limit.rlim_cur / 2, TicketTable::kSlots));
}

bool IsGroup(int fd) {
  char link[32];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  char target[64];
  ssize_t length = readlink(link, target, sizeof target);
  constexpr std::string_view kName = "anon_inode:[fanotify]";
  return length > 0 && std::string_view(target, static_cast<size_t>(length)) == kName;
}

}  // namespace

Gate::Gate(const GateOptions& options)
    : deadline_ns_(options.deadline_ns),
      deny_on_deadline_(options.deny_on_deadline),
      tickets_(TicketsMax()),
      hand_over_(options.hand_over_bytes),
      scout_({[this](const MarkRequest& request) { return Mark(request); },
              [this](uint64_t device) { return superblocks_.IsRoot(device); }}) {}

Gate::~Gate() { Stop(); }

Gate::Failure Gate::Start(std::function<void()> on_records, std::function<void()> on_mounts) {
  on_records_ = std::move(on_records);
  on_mounts_ = std::move(on_mounts);
  fanotify_.Reset(fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK |
                                    FAN_UNLIMITED_QUEUE | FAN_UNLIMITED_MARKS | FAN_REPORT_TID,
                                O_RDONLY | O_LARGEFILE | O_CLOEXEC));
  if (!fanotify_.valid()) return {errno, "fanotify_init"};
  Failure failure = StartThreads();
  if (failure.error == 0) StartReading();
  return failure;
}

Gate::Failure Gate::TakeOver(int group, std::function<void()> on_records,
                             std::function<void()> on_mounts) {
  on_records_ = std::move(on_records);
  on_mounts_ = std::move(on_mounts);
  // Never a program's that is started from here: it would keep the group open that it waits for.
  if (fcntl(group, F_SETFD, FD_CLOEXEC) != 0) return {errno, "fcntl"};
  if (!IsGroup(group)) return {EBADF, "readlink"};
  fanotify_.Reset(group);
  AnswerInherited();
  return StartThreads();
}

// The kernel finds the request by the number that the event had in the process that read it
// (fs/notify/fanotify/fanotify_user.c, process_access_response), and that process is gone. It had
// no numbers beyond its limit, so each of them is tried; nothing of ours is outstanding yet.
void Gate::AnswerInherited() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  int numbers = static_cast<int>(std::clamp<rlim_t>(limit.rlim_cur, kNumbersMin, kNumbersMax));
  fanotify_response response{};
  response.response = deny_on_deadline_ ? FAN_DENY : FAN_ALLOW;
  for (response.fd = 0; response.fd < numbers; response.fd++) {
    if (write(fanotify_.get(), &response, sizeof response) > 0) Count(kInherited);
  }
}

Gate::Failure Gate::StartThreads() {
  reader_wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  keeper_wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!reader_wake_.valid() || !keeper_wake_.valid()) return {errno, "eventfd"};
  timer_.Reset(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
  if (!timer_.valid()) return {errno, "timerfd_create"};
  own_files_.Reset(open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC));
  mountinfo_.Reset(open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC));
  if (!mountinfo_.valid()) return {errno, "open"};
  int error = scout_.Start();
  if (error != 0) return {error, "epoll_ctl"};
  error = stand_in_.Open();
  if (error != 0) return {error, "eventfd"};
  stand_in_record_ = std::make_unique<uint64_t[]>(kRecordMax / 8);
  keeper_ = std::thread([this] { KeeperLoop(); });
  return {};
}

void Gate::StartReading() {
  std::lock_guard<std::mutex> lock(reader_mutex_);
  if (reader_.joinable() || stopping_.load()) return;
  reader_ = std::thread([this] { ReaderLoop(); });
  // Not before: what comes until now waits for the reader on purpose.
  stand_in_.Start([this] { StandInLoop(); });
}

void Gate::Stop() {
  if (stopping_.exchange(true)) return;
  if (reader_wake_.valid()) WakeUp(reader_wake_.get());
  if (keeper_wake_.valid()) WakeUp(keeper_wake_.get());
  {
    std::lock_guard<std::mutex> lock(reader_mutex_);
    stand_in_.Stop();
    if (reader_.joinable()) reader_.join();
  }
  if (keeper_.joinable()) keeper_.join();
  scout_.Stop();
  fanotify_.Reset(-1);
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
  // Before: whoever sees what came of the exec finds it counted.
  Count(allow ? kAllowed : kDenied);
  WriteResponse(event_fd, allow);
}

void Gate::WriteResponse(int event_fd, bool allow) {
  fanotify_response response{};
  response.fd = event_fd;
  response.response = allow ? FAN_ALLOW : FAN_DENY;
  ssize_t written = write(fanotify_.get(), &response, sizeof response);
  if (written != static_cast<ssize_t>(sizeof response)) Count(kAnswerErrors);
  close(event_fd);
}

void Gate::ReaderLoop() {
  Hurry("ew-gate-reader");
  Descriptor epoll(epoll_create1(EPOLL_CLOEXEC));
  Watch(epoll.get(), reader_wake_.get(), EPOLLIN);
  Watch(epoll.get(), fanotify_.get(), EPOLLIN);
  alignas(8) uint8_t events[kEventsBytes];
  auto record = std::make_unique<uint64_t[]>(kRecordMax / 8);
  while (!stopping_.load()) {
    epoll_event ready[2];
    int count = epoll_wait(epoll.get(), ready, 2, -1);
    if (count < 0 && errno != EINTR) break;
    progress_.fetch_add(1);
    for (int i = 0; i < count; i++) {
      if (ready[i].data.fd == reader_wake_.get()) DrainCounter(ready[i].data.fd);
    }
    if (unannounced_.exchange(false) && !records_announced_.exchange(true)) on_records_();
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
    if (event->mask & FAN_OPEN_EXEC_PERM) {
      Serve(event->fd, event->pid, record, is_keeper);
    } else {
      ServeOpen(event->fd, event->pid, is_keeper);
    }
  }
  return true;
}

void Gate::Serve(int event_fd, int tid, uint8_t* record, bool is_keeper) {
  Count(kSeen);
  progress_.fetch_add(1);
  uint64_t now = ClockNs(CLOCK_MONOTONIC);
  // What the keeper serves has waited behind the reader already.
  uint64_t since = is_keeper ? reader_busy_since_ns_.load() : now;
  uint64_t deadline = (since == 0 ? now : since) + deadline_ns_;
  struct stat opened{};
  fstat(event_fd, &opened);
  Ticket ticket;
  bool is_issued;
  {
    std::lock_guard<std::mutex> lock(issue_mutex_);
    is_issued = tickets_.Issue(event_fd, opened.st_dev, deadline, &ticket);
  }
  if (!is_issued) return ServeWithoutTicket(event_fd, opened, tid, record);
  if (!is_keeper) reader_busy_since_ns_.store(now);
  ArmTimer(now + deadline_ns_ / 4);
  // The ticket's owner closes the descriptor when it answers; a copy keeps ours valid meanwhile.
  Descriptor file(fcntl(event_fd, F_DUPFD_CLOEXEC, 0));
  if (!file.valid()) {
    if (!is_keeper) reader_busy_since_ns_.store(0);
    int fd = tickets_.Redeem(ticket);
    if (fd >= 0) ServeWithoutTicket(fd, opened, tid, record);
    return;
  }
  uint64_t mount_namespace = 0;
  SnapshotRequest request{file.get(), opened, tid, !is_keeper};
  request.own_files = own_files_.get();
  if (!is_keeper) {
    request.parents = &parents_;
    request.mount_namespace = &mount_namespace;
  }
  TakeSnapshot(request, record);
  scout_.Look(mount_namespace, tid, deadline_ns_ / kLookShare);
  if (superblocks_.EndStart(opened.st_dev)) IgnoreOpens(fanotify_.get(), file.get());
  RecordHeader* header = HeaderOf(record);
  header->ticket_slot = ticket.slot;
  header->ticket_generation = ticket.generation;
  if (is_keeper) header->flags |= kStalled;
  Treatment treatment = superblocks_.TreatmentOf(opened.st_dev);
  header->generation = treatment.generation;
  if (treatment.mode == Mode::kHold) {
    header->flags |= kHeld;
  } else {
    LetGo(ticket, treatment.keep_from_ns, std::move(file), header);
  }
  // From here on the reader is not stuck, whatever the guard thread does.
  if (!is_keeper) reader_busy_since_ns_.store(0);
  HandOverRecord(record, is_keeper ? 0 : deadline_ns_ / 2);
}

// Too many are outstanding: what would be held gets the deadline's answer at once. It is told all
// the same, without what only its own memory has, since nothing keeps a deadline meanwhile.
void Gate::ServeWithoutTicket(int event_fd, const struct stat& opened, int tid, uint8_t* record) {
  TakeSnapshot({event_fd, opened, tid, false}, record);
  RecordHeader* header = HeaderOf(record);
  Treatment treatment = superblocks_.TreatmentOf(opened.st_dev);
  header->generation = treatment.generation;
  bool is_undecided = treatment.mode == Mode::kHold;
  bool is_allowed = !is_undecided || !deny_on_deadline_;
  if (is_undecided) {
    Count(kTicketsExhausted);
    header->flags |= kUndecided;
    if (!is_allowed) header->flags |= kRefused;
  }
  Respond(event_fd, is_allowed);
  HandOverRecord(record, 0);
}

void Gate::LetGo(Ticket ticket, int64_t keep_from_ns, Descriptor file, RecordHeader* header) {
  int fd = tickets_.Redeem(ticket);
  if (fd >= 0) Respond(fd, true);
  if (header->ctime_ns < keep_from_ns) return;
  Ticket kept = kept_files_.Keep(std::move(file));
  header->ticket_slot = kept.slot;
  header->ticket_generation = kept.generation;
  header->flags |= kKept;
}

void Gate::HandOverRecord(uint8_t* record, uint64_t patience_ns) {
  const RecordHeader* header = HeaderOf(record);
  bool is_held = header->flags & kHeld;
  if (!hand_over_.Push(record, header->size, is_held, patience_ns)) {
    Count(kLost);
    if (header->flags & kKept) kept_files_.Take({header->ticket_slot, header->ticket_generation});
  }
  if (!records_announced_.exchange(true)) on_records_();
}

}  // namespace execwarden
