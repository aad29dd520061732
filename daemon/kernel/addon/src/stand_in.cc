// SPDX-License-Identifier: Apache-2.0
#include "stand_in.h"

#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <cerrno>

namespace execwarden {
namespace {

constexpr size_t kStackWords = 16 * 1024;
constexpr int kAgainMs = 1'000;

}  // namespace

int StandIn::Open() {
  wake_.Reset(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake_.valid()) return errno;
  stack_ = std::make_unique<uint64_t[]>(kStackWords);
  return 0;
}

void StandIn::Start(std::function<void()> work) {
  work_ = std::move(work);
  daemon_ = getpid();
  thread_ = std::thread([this] { Loop(); });
}

void StandIn::Stop() {
  if (stopping_.exchange(true)) return;
  if (wake_.valid()) {
    uint64_t one = 1;
    ssize_t written = write(wake_.get(), &one, sizeof one);
    static_cast<void>(written);
  }
  if (thread_.joinable()) thread_.join();
}

int StandIn::Main(void* self) {
  auto* stand_in = static_cast<StandIn*>(self);
  // The thread that waits for us ends with the daemon, however that comes about.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != stand_in->daemon_) return 0;
  prctl(PR_SET_NAME, "ew-stand-in");
  stand_in->work_();
  return 0;
}

void StandIn::Loop() {
  prctl(PR_SET_NAME, "ew-stand-in-of");
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), -20);
  // Signals that a terminal or service manager sends to all processes are the daemon's to hear.
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!stopping_.load()) {
    pid_t pid = clone(Main, stack_.get() + kStackWords, CLONE_VM | CLONE_FILES, this);
    while (pid > 0 && waitpid(pid, nullptr, __WALL) < 0 && errno == EINTR) continue;
    // It ends by our wish only; whoever has ended it gets another one, but not in a hurry.
    pollfd ready{wake_.get(), POLLIN, 0};
    poll(&ready, 1, kAgainMs);
  }
}

}  // namespace execwarden
