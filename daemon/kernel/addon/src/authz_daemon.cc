// SPDX-License-Identifier: Apache-2.0
#include "authz_daemon.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

namespace execwarden {
namespace {

constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr size_t kIdleMax = 32;
// Nobody waits long for the daemon to hear that a request is done, nor at all while it does not
// answer.
constexpr int64_t kTellMs = 1000;
constexpr int64_t kQuietAfterFailureMs = 2000;

}  // namespace

std::string Daemon::Ask(const std::string& question, int deadline_ms) {
  int64_t until_ms = NowMs() + deadline_ms;
  AwaitTold();
  return Call(kQuestion, question, until_ms);
}

uint64_t Daemon::BeginTelling() {
  std::lock_guard<std::mutex> lock(mutex_);
  telling_.insert(++last_told_);
  return last_told_;
}

void Daemon::EndTelling(uint64_t number, const std::string& answer) {
  bool is_quiet = false;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    is_quiet = NowMs() - failed_ms_ < kQuietAfterFailureMs;
  }
  if (!is_quiet) Call(kDone, answer, NowMs() + kTellMs);
  {
    std::lock_guard<std::mutex> lock(mutex_);
    telling_.erase(number);
  }
  told_.notify_all();
}

// Until all is told that the engine had answered when the question came.
void Daemon::AwaitTold() {
  std::unique_lock<std::mutex> lock(mutex_);
  uint64_t last = last_told_;
  told_.wait_for(lock, std::chrono::milliseconds(kTellMs),
                 [&] { return telling_.empty() || *telling_.begin() > last; });
}

std::string Daemon::Call(FrameKind kind, const std::string& text, int64_t until_ms) {
  for (bool is_kept = true; is_kept;) {
    std::unique_ptr<Stream> stream = TakeIdle();
    is_kept = stream != nullptr;
    if (!is_kept) stream = Connect(until_ms);
    std::string answer;
    if (stream && stream->SendFrame(kind, text, until_ms) &&
        stream->ReadAnswer(&answer, kAnswerBytesMax, until_ms)) {
      Keep(std::move(stream));
      return answer;
    }
    // A kept connection may be that of a daemon of before: a fresh one tells.
    if (NowMs() >= until_ms) break;
  }
  std::lock_guard<std::mutex> lock(mutex_);
  failed_ms_ = NowMs();
  return {};
}

std::unique_ptr<Stream> Daemon::TakeIdle() {
  std::lock_guard<std::mutex> lock(mutex_);
  while (!idle_.empty()) {
    std::unique_ptr<Stream> stream = std::move(idle_.back());
    idle_.pop_back();
    if (stream->IsIdle()) return stream;
  }
  return nullptr;
}

void Daemon::Keep(std::unique_ptr<Stream> stream) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (idle_.size() < kIdleMax) idle_.push_back(std::move(stream));
}

// A unix socket connects at once, or its backlog is full: that is no daemon that answers.
std::unique_ptr<Stream> Daemon::Connect(int64_t until_ms) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.empty() || path_.size() >= sizeof address.sun_path) return nullptr;
  memcpy(address.sun_path, path_.data(), path_.size());
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return nullptr;
  auto stream = std::make_unique<Stream>(fd);
  int64_t left_ms = std::max<int64_t>(1, until_ms - NowMs());
  timeval patience{left_ms / 1000, (left_ms % 1000) * 1000};
  setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return nullptr;
  return stream;
}

}  // namespace execwarden
