// The hook helper: a small process beside the daemon that starts the operator's programs. Comes in:
// requests on standard input. Goes out: how each program ended, on standard output. It holds no
// descriptor of the gate and answers no exec, so a program may wait for the daemon as long as it
// must. It ends when the daemon does (docs/decisions/0005). Numbers are 32 bits in the byte order
// of the machine; daemon/host/hook-frames.ts is the other end.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <string>
#include <vector>

#include "hook_process.h"

namespace execwarden {
namespace {

constexpr size_t kFrameMax = 64 << 20;
constexpr size_t kHooksMax = 256;
constexpr size_t kTextsMax = 1024;
constexpr int64_t kIdleMs = 60000;
constexpr useconds_t kLastGraceUs = 1000000;

uint32_t NumberAt(const std::string& bytes, size_t index) {
  uint32_t number = 0;
  memcpy(&number, bytes.data() + index * sizeof number, sizeof number);
  return number;
}

// frame := id uid gid timeoutMs argvCount environmentCount inputLength { text NUL } input
bool ParseRequest(const std::string& frame, HookRequest* out) {
  constexpr size_t kHead = 7 * sizeof(uint32_t);
  if (frame.size() < kHead) return false;
  out->id = NumberAt(frame, 0);
  out->uid = NumberAt(frame, 1);
  out->gid = NumberAt(frame, 2);
  out->timeout_ms = NumberAt(frame, 3);
  size_t argv_count = NumberAt(frame, 4);
  size_t count = argv_count + NumberAt(frame, 5);
  size_t input_length = NumberAt(frame, 6);
  if (argv_count == 0 || count > kTextsMax) return false;
  size_t at = kHead;
  for (size_t i = 0; i < count; i++) {
    size_t end = frame.find('\0', at);
    if (end == std::string::npos) return false;
    (i < argv_count ? out->argv : out->environment).push_back(frame.substr(at, end - at));
    at = end + 1;
  }
  if (frame.size() - at != input_length) return false;
  out->input = frame.substr(at);
  return true;
}

// False when nobody listens any more.
bool WriteAll(const std::string& bytes) {
  size_t written = 0;
  while (written < bytes.size()) {
    ssize_t sent = write(STDOUT_FILENO, bytes.data() + written, bytes.size() - written);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    written += static_cast<size_t>(sent);
  }
  return true;
}

// answer := length id end value isTimedOut said
bool Answer(Hook* hook) {
  uint32_t value = 0;
  HookEnd end = hook->Finish(&value);
  uint32_t numbers[5] = {0, hook->id, static_cast<uint32_t>(end), value, hook->is_timed_out};
  numbers[0] = static_cast<uint32_t>(sizeof numbers - sizeof numbers[0] + hook->said.size());
  std::string bytes(reinterpret_cast<char*>(numbers), sizeof numbers);
  return WriteAll(bytes + hook->said);
}

class Helper {
 public:
  int Run() {
    while (is_open_) {
      Poll();
      ReadRequests();
      int64_t now_ms = MonotonicMs();
      for (Hook& hook : hooks_) {
        if (now_ms >= hook.deadline_ms) hook.Expire(now_ms);
      }
    }
    // Nobody is there to be told, nor to end them in time.
    for (Hook& hook : hooks_) hook.Expire(MonotonicMs());
    if (!hooks_.empty()) usleep(kLastGraceUs);
    for (Hook& hook : hooks_) hook.Expire(MonotonicMs());
    return 0;
  }

 private:
  void Poll() {
    std::vector<pollfd> polled{{STDIN_FILENO, POLLIN, 0}};
    int64_t wake_ms = MonotonicMs() + kIdleMs;
    for (const Hook& hook : hooks_) {
      // poll(2) leaves out descriptors below zero.
      polled.push_back({hook.pidfd, POLLIN, 0});
      polled.push_back({hook.errors, POLLIN, 0});
      polled.push_back({hook.failure, POLLIN, 0});
      polled.push_back({hook.input, POLLOUT, 0});
      wake_ms = std::min(wake_ms, hook.deadline_ms);
    }
    int wait_ms = static_cast<int>(std::max<int64_t>(0, wake_ms - MonotonicMs()));
    if (poll(polled.data(), polled.size(), wait_ms) < 0) return;
    has_requests_ = polled[0].revents != 0;
    size_t at = 1;
    for (auto hook = hooks_.begin(); hook != hooks_.end(); at += 4) {
      if (polled[at + 1].revents != 0) hook->Listen();
      if (polled[at + 2].revents != 0) hook->LearnFailure();
      if (polled[at + 3].revents != 0) hook->Write();
      if (polled[at].revents == 0) {
        ++hook;
        continue;
      }
      if (!Answer(&*hook)) is_open_ = false;
      hook = hooks_.erase(hook);
    }
  }

  void ReadRequests() {
    if (!has_requests_) return;
    has_requests_ = false;
    char bytes[65536];
    ssize_t got = read(STDIN_FILENO, bytes, sizeof bytes);
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      is_open_ = false;
      return;
    }
    received_.append(bytes, static_cast<size_t>(got));
    size_t at = 0;
    while (received_.size() - at >= sizeof(uint32_t)) {
      uint32_t length = 0;
      memcpy(&length, received_.data() + at, sizeof length);
      if (length > kFrameMax) is_open_ = false;
      if (length > kFrameMax || received_.size() - at - sizeof length < length) break;
      Begin(received_.substr(at + sizeof length, length));
      at += sizeof length + length;
    }
    received_.erase(0, at);
  }

  void Begin(const std::string& frame) {
    HookRequest request;
    Hook hook;
    if (!ParseRequest(frame, &request)) {
      // Whoever writes such frames cannot be answered by number.
      is_open_ = false;
      return;
    }
    hook.id = request.id;
    if (hooks_.size() >= kHooksMax) {
      hook.error = EAGAIN;
    } else if (hook.Start(request, MonotonicMs())) {
      hooks_.push_back(std::move(hook));
      return;
    }
    if (!Answer(&hook)) is_open_ = false;
  }

  bool is_open_ = true;
  bool has_requests_ = false;
  std::string received_;
  std::list<Hook> hooks_;
};

}  // namespace
}  // namespace execwarden

int main() {
  // The daemon's end is the end of standard input; Ctrl-C and the service manager mean the daemon.
  for (int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGUSR1, SIGUSR2}) signal(number, SIG_IGN);
  prctl(PR_SET_NAME, "ew-hooks");
  fcntl(STDIN_FILENO, F_SETFL, O_NONBLOCK);
  return execwarden::Helper().Run();
}
