// What the gate's stand-in does: it answers, and takes snapshots, while this process stands still.
// It runs in a process of its own (stand_in.h): it takes no lock that it would have to wait for,
// and allocates nothing. It cannot wake the guard thread; the reader does that when it is there
// again. SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/fanotify.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "gate.h"
#include "gate_thread.h"

namespace execwarden {
namespace {

constexpr uint64_t kTickNsMax = 100'000'000;
constexpr uint64_t kTickNsMin = 5'000'000;

bool IsReadable(int fd) {
  pollfd ready{fd, POLLIN, 0};
  return poll(&ready, 1, 0) > 0;
}

}  // namespace

void Gate::StandInLoop() {
  bool is_acting = false;
  uint64_t progress = progress_.load();
  uint64_t still_since = ClockNs(CLOCK_MONOTONIC);
  while (!stopping_.load()) {
    uint64_t deadline = deadline_ns_.load();
    uint64_t tick = std::clamp(deadline / (outstanding() > 0 ? 16 : 4), kTickNsMin, kTickNsMax);
    pollfd ready[2] = {{stand_in_.wake(), POLLIN, 0}, {fanotify_.get(), POLLIN, 0}};
    // While it acts, what comes is answered at once; else it looks now and then.
    poll(ready, is_acting ? 2 : 1, static_cast<int>(tick / 1'000'000));
    if (outstanding() > 0) AnswerExpired(kByStandIn);
    uint64_t now = ClockNs(CLOCK_MONOTONIC);
    uint64_t seen = progress_.load();
    if (seen != progress || (!is_acting && !IsReadable(fanotify_.get()))) {
      progress = seen;
      still_since = now;
      is_acting = false;
    } else if (is_acting || now - still_since >= deadline / 4 * 3) {
      is_acting = true;
      StandInForReader(progress);
      // A reader that is there again says so, even when nothing is left for it to read.
      WakeUp(reader_wake_.get());
    }
  }
}

void Gate::StandInForReader(uint64_t progress) {
  alignas(8) uint8_t events[kEventsBytes];
  while (progress_.load() == progress) {
    ssize_t length = read(fanotify_.get(), events, sizeof events);
    if (length < 0 && errno == EAGAIN) return;
    if (length < 0 && errno != EINTR) Count(kReadErrors);
    auto* event = reinterpret_cast<fanotify_event_metadata*>(events);
    for (; FAN_EVENT_OK(event, length); event = FAN_EVENT_NEXT(event, length)) {
      if (event->fd < 0) continue;
      if (event->mask & FAN_OPEN_EXEC_PERM) {
        ServeForReader(event->fd, event->pid);
      } else {
        WriteResponse(event->fd, true);
      }
    }
  }
}

// The record is judged when the daemon is there again: too late for an answer, in time to be told.
void Gate::ServeForReader(int event_fd, int tid) {
  Count(kSeen);
  Count(kStoodIn);
  auto* record = reinterpret_cast<uint8_t*>(stand_in_record_.get());
  struct stat opened{};
  fstat(event_fd, &opened);
  TakeSnapshot({event_fd, opened, tid, true}, record);
  RecordHeader* header = HeaderOf(record);
  // Where the treatment cannot be told without waiting, the answer is that of the deadline.
  Treatment treatment{};
  treatment.mode = Mode::kHold;
  superblocks_.TryTreatmentOf(opened.st_dev, &treatment);
  header->generation = treatment.generation;
  bool is_undecided = treatment.mode == Mode::kHold;
  bool is_allowed = !is_undecided || !deny_on_deadline_;
  if (is_undecided) header->flags |= kUndecided;
  if (!is_allowed) header->flags |= kRefused;
  Respond(event_fd, is_allowed);
  if (!hand_over_.TryPush(record, header->size)) Count(kLost);
  unannounced_.store(true);
}

}  // namespace execwarden
