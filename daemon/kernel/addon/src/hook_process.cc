// SPDX-License-Identifier: Apache-2.0
#include "hook_process.h"

#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>

namespace execwarden {
namespace {

constexpr size_t kSaidMax = 4096;
constexpr int64_t kTermGraceMs = 2000;
constexpr unsigned kCloseRangeCloexec = 1u << 2;  // close_range(2)

void Close(int* descriptor) {
  if (*descriptor >= 0) close(*descriptor);
  *descriptor = -1;
}

std::vector<char*> Pointers(const std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (const std::string& text : texts) pointers.push_back(const_cast<char*>(text.c_str()));
  pointers.push_back(nullptr);
  return pointers;
}

// The daemon is protected from the out-of-memory killer; what it starts is not.
void ResetOomScore() {
  int file = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);
  if (file < 0) return;
  // Where it may not be raised, it was no lower before.
  if (write(file, "0", 1) < 0) errno = 0;
  close(file);
}

// In the child: everything of the daemon's is given up. Returns only when something failed.
void Become(const HookRequest& request, const int* standard, char* const* argv,
            char* const* environment) {
  // By the system call: the C library keeps two signals to itself, which may come ignored as well.
  // All zero is the default action, whatever the order of the kernel's fields (rt_sigaction(2)).
  const uint64_t standard_action[4] = {};
  for (int number = 1; number < NSIG; number++) {
    syscall(SYS_rt_sigaction, number, standard_action, nullptr, size_t{8});
  }
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  setsid();
  umask(077);
  ResetOomScore();
  rlimit no_hurry{0, 0};
  setrlimit(RLIMIT_NICE, &no_hurry);
  for (int number = 0; number < 3; number++) {
    if (dup2(standard[number], number) < 0) return;
  }
  if (syscall(SYS_close_range, 3u, ~0u, kCloseRangeCloexec) != 0) return;
  if (chdir("/") != 0) return;
  if (setgroups(0, nullptr) != 0) return;
  if (setresgid(request.gid, request.gid, request.gid) != 0) return;
  if (setresuid(request.uid, request.uid, request.uid) != 0) return;
  execve(argv[0], argv, environment);
}

}  // namespace

int64_t MonotonicMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

bool Hook::Start(const HookRequest& request, int64_t now_ms) {
  id = request.id;
  pending = request.input;
  deadline_ms = now_ms + request.timeout_ms;
  int in[2] = {-1, -1};
  int err[2] = {-1, -1};
  int fail[2] = {-1, -1};
  int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
  std::vector<char*> argv = Pointers(request.argv);
  std::vector<char*> environment = Pointers(request.environment);
  bool is_ready = null >= 0 && pipe2(in, O_CLOEXEC) == 0 && pipe2(err, O_CLOEXEC) == 0 &&
                  pipe2(fail, O_CLOEXEC) == 0;
  if (is_ready) pid = fork();
  if (pid == 0) {
    const int standard[3] = {in[0], null, err[1]};
    Become(request, standard, argv.data(), environment.data());
    int reason = errno;
    if (write(fail[1], &reason, sizeof reason) < 0) _exit(126);
    _exit(127);
  }
  if (pid < 0) error = errno;
  Close(&null);
  Close(&in[0]);
  Close(&err[1]);
  Close(&fail[1]);
  input = in[1];
  errors = err[0];
  failure = fail[0];
  if (pid > 0) pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pid > 0 && pidfd < 0) {
    error = errno;
    kill(pid, SIGKILL);
  }
  if (error != 0) return false;
  for (int descriptor : {input, errors, failure}) fcntl(descriptor, F_SETFL, O_NONBLOCK);
  return true;
}

void Hook::Write() {
  ssize_t sent = write(input, pending.data() + written, pending.size() - written);
  if (sent < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (sent > 0) written += static_cast<size_t>(sent);
  // A hook that does not read is no failure.
  if (sent <= 0 || written == pending.size()) Close(&input);
}

void Hook::Listen() {
  char bytes[4096];
  ssize_t got = read(errors, bytes, sizeof bytes);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) {
    Close(&errors);
    return;
  }
  size_t room = kSaidMax - std::min(kSaidMax, said.size());
  said.append(bytes, std::min(room, static_cast<size_t>(got)));
}

void Hook::LearnFailure() {
  int reason = 0;
  ssize_t got = read(failure, &reason, sizeof reason);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got == sizeof reason) error = reason;
  Close(&failure);
}

// The group is still its own: a leader that was not waited for keeps its pid.
void Hook::Expire(int64_t now_ms) {
  kill(-pid, is_timed_out ? SIGKILL : SIGTERM);
  is_timed_out = true;
  deadline_ms = now_ms + kTermGraceMs;
}

HookEnd Hook::Finish(uint32_t* value) {
  if (failure >= 0) LearnFailure();
  // What it said last; who holds the other end may go on for ever, so at most a pipe's worth.
  for (int i = 0; i < 16 && errors >= 0; i++) Listen();
  int status = 0;
  if (pid > 0) {
    // What it left behind had its time too.
    if (is_timed_out) kill(-pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;
  }
  for (int* descriptor : {&pidfd, &input, &errors, &failure}) Close(descriptor);
  if (error != 0) {
    *value = static_cast<uint32_t>(error);
    return HookEnd::kNotStarted;
  }
  bool is_signaled = WIFSIGNALED(status);
  *value = static_cast<uint32_t>(is_signaled ? WTERMSIG(status) : WEXITSTATUS(status));
  return is_signaled ? HookEnd::kSignaled : HookEnd::kExited;
}

}  // namespace execwarden
