// Stands in for a service manager that keeps descriptors: `fd-store SOCKET PAUSE_MS PROGRAM …` runs the program with
// NOTIFY_SOCKET and what it has stored (sd_notify(3), FDSTORE=1; sd_listen_fds(3)), and starts it again when a signal
// ended it, after the pause. SIGTERM is handed on; then, as at any other end, what is stored is closed. Tells on standard
// error, one JSON object a line. SPDX-License-Identifier: Apache-2.0
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static int stored = -1;
static char stored_name[256];
static pid_t child;
static int is_stopping;

static void tell(const char *what, long number) {
  fprintf(stderr, "{\"message\":\"fd-store: %s\",\"number\":%ld}\n", what, number);
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0) exit(71);
  return fd;
}

static void take_message(int fd) {
  char text[4096] = {0};
  char control[CMSG_SPACE(sizeof(int))];
  struct iovec part = {text, sizeof text - 1};
  struct msghdr message = {
      .msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(fd, &message, MSG_CMSG_CLOEXEC) < 0) return;
  struct cmsghdr *head = CMSG_FIRSTHDR(&message);
  int is_store = strncmp(text, "FDSTORE=1\n", 10) == 0;
  if (is_store && head && head->cmsg_type == SCM_RIGHTS) {
    if (stored >= 0) close(stored);
    memcpy(&stored, CMSG_DATA(head), sizeof stored);
    sscanf(strstr(text, "FDNAME="), "FDNAME=%255s", stored_name);
    tell("stored", 1);
  } else if (strncmp(text, "FDSTOREREMOVE=1\n", 16) == 0 && stored >= 0) {
    close(stored);
    stored = -1;
    tell("removed", 1);
  }
}

static void start(char **argv) {
  child = fork();
  if (child != 0) return tell("started", child);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (stored >= 0) {
    char pid[32];
    snprintf(pid, sizeof pid, "%d", getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", "1", 1);
    setenv("LISTEN_FDNAMES", stored_name, 1);
    // Without close-on-exec, as a service manager passes it.
    if (stored == 3 ? fcntl(3, F_SETFD, 0) != 0 : dup2(stored, 3) != 3) _exit(71);
  }
  execv(argv[0], argv);
  _exit(127);
}

int main(int argc, char **argv) {
  if (argc < 4) return 64;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGCHLD);
  sigprocmask(SIG_BLOCK, &signals, NULL);
  struct pollfd places[] = {{signalfd(-1, &signals, SFD_CLOEXEC), POLLIN, 0},
                            {listen_at(argv[1]), POLLIN, 0}};
  setenv("NOTIFY_SOCKET", argv[1], 1);
  start(argv + 3);
  while (1) {
    poll(places, 2, -1);
    if (places[1].revents) take_message(places[1].fd);
    if (!places[0].revents) continue;
    struct signalfd_siginfo signal;
    if (read(places[0].fd, &signal, sizeof signal) != sizeof signal) continue;
    if (signal.ssi_signo == SIGTERM) is_stopping = 1, kill(child, SIGTERM);
    int status;
    if (waitpid(child, &status, WNOHANG) != child) continue;
    if (WIFEXITED(status) || is_stopping) return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
    // What it said last has been said.
    while (poll(places + 1, 1, 0) > 0) take_message(places[1].fd);
    tell("ended", WTERMSIG(status));
    usleep(atoi(argv[2]) * 1000);
    start(argv + 3);
  }
}
