// What the gate's threads share: how they are woken, and that they hurry.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>
#include <sys/fanotify.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>

namespace execwarden {

// One event for each read(2) of the group: what has been read and waits for its turn has no
// deadline yet.
constexpr size_t kEventsBytes = FAN_EVENT_METADATA_LEN;

// The part of the deadline that an exec waits for what was mounted to be marked.
constexpr uint64_t kLookShare = 8;

inline void WakeUp(int eventfd) {
  uint64_t one = 1;
  ssize_t written = write(eventfd, &one, sizeof one);
  static_cast<void>(written);
}

inline void DrainCounter(int fd) {
  uint64_t value;
  ssize_t got = read(fd, &value, sizeof value);
  static_cast<void>(got);
}

inline bool Watch(int epoll, int fd, uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.fd = fd;
  return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) == 0;
}

// An exec may be waiting for this thread: it runs before ordinary work. setpriority(2) is per
// thread.
inline void Hurry(const char* name) {
  prctl(PR_SET_NAME, name);
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -20);
}

}  // namespace execwarden
