// SPDX-License-Identifier: Apache-2.0
#include "accepted_sockets.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <unordered_set>

#include "process_sockets.h"

namespace execwarden {
namespace {

constexpr size_t kHolderDescriptorsMax = 65536;
constexpr size_t kPollersMax = 16;
constexpr size_t kReadBytes = 16 * 1024;
// Some 80 bytes for each of more sockets than are looked at.
constexpr size_t kPolledBytesMax = 4 << 20;

int OptionOf(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// An accepted socket has the name of the one that listens; one that connected has none.
bool HasName(int fd) {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  return getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0 &&
         length > offsetof(sockaddr_un, sun_path);
}

bool IsClosed(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

// The device of sockets as fdinfo has it; 0 when there is none.
unsigned SocketDevice() {
  Descriptor any(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct stat facts{};
  if (!any.valid() || fstat(any.get(), &facts) != 0) return 0;
  return major(facts.st_dev) << 20 | minor(facts.st_dev);
}

bool IsSocket(int fd, uint64_t inode) {
  struct stat facts{};
  return fstat(fd, &facts) == 0 && S_ISSOCK(facts.st_mode) && facts.st_ino == inode;
}

}  // namespace

SocketWatch::SocketWatch(int pid)
    : process_(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))), socket_device_(SocketDevice()) {
  if (!process_.valid()) error_ = errno;
  directory_ = OpenProcDirectory(pid);
  if (!directory_.valid() && error_ == 0) error_ = errno;
}

AcceptedSockets SocketWatch::Look(size_t descriptors_max, bool is_thorough) {
  AcceptedSockets found;
  found.error = error_;
  if (error_ != 0) return found;
  looks_++;
  if (is_thorough || poller_ < 0 || !ReadPolled(poller_, &polled_)) {
    LookThrough(descriptors_max, &found);
  } else {
    for (const Polled& one : polled_) {
      if (!Take(one.number, one.inode, &found)) break;
    }
    if (polled_.size() > descriptors_max) found.is_complete = false;
  }
  Forget();
  return found;
}

void SocketWatch::LookThrough(size_t descriptors_max, AcceptedSockets* out) {
  std::vector<int> pollers;
  poller_ = -1;
  int error = EachDescriptor(directory_.get(), descriptors_max, [&](int number, const char* link) {
    if (strcmp(link, "anon_inode:[eventpoll]") == 0 && pollers.size() < kPollersMax)
      pollers.push_back(number);
    uint64_t inode = InodeOf(link);
    return inode == 0 || Take(number, inode, out);
  });
  if (error == E2BIG)
    out->is_complete = false;
  else if (error != 0)
    out->error = error;
  if (out->error != 0 || !out->is_complete) return;
  for (int poller : pollers) {
    if (HasAll(poller)) poller_ = poller;
  }
}

// Whether that epoll has every socket that this look has seen, and that counts.
bool SocketWatch::HasAll(int poller) {
  if (!ReadPolled(poller, &polled_)) return false;
  std::unordered_set<uint64_t> inodes;
  for (const Polled& one : polled_) inodes.insert(one.inode);
  size_t counted = 0;
  for (const auto& [inode, known] : known_) {
    if (known.look != looks_ || known.kind == Kind::kOther) continue;
    counted++;
    if (inodes.count(inode) == 0) return false;
  }
  return counted > 0;
}

// tfd: NUMBER events: … ino:INODE sdev:DEVICE, the last two in hexadecimal (ep_show_fdinfo,
// fs/eventpoll.c). False when it is no epoll.
bool SocketWatch::ReadPolled(int poller, std::vector<Polled>* out) {
  char name[32];
  snprintf(name, sizeof name, "fdinfo/%d", poller);
  Descriptor file(openat(directory_.get(), name, O_RDONLY | O_CLOEXEC));
  if (!file.valid()) return false;
  size_t used = 0;
  for (;;) {
    if (text_.size() < used + kReadBytes) text_.resize(used + kReadBytes);
    ssize_t got = read(file.get(), text_.data() + used, text_.size() - used - 1);
    if (got < 0 || used > kPolledBytesMax) return false;
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  text_[used] = 0;
  out->clear();
  bool is_poller = false;
  for (const char* line = strstr(text_.data(), "\ntfd:"); line; line = strstr(line, "\ntfd:")) {
    is_poller = true;
    line += 5;
    int number = 0;
    uint64_t inode = 0;
    unsigned device = 0;
    const char* ino = strstr(line, " ino:");
    if (!ino || sscanf(line, "%d", &number) != 1 ||
        sscanf(ino, " ino:%lx sdev:%x", &inode, &device) != 2) {
      return false;
    }
    if (device == socket_device_) out->push_back({number, inode});
  }
  return is_poller;
}

// False when looking on is of no use.
bool SocketWatch::Take(int number, uint64_t inode, AcceptedSockets* out) {
  auto found = known_.find(inode);
  if (found != known_.end() && found->second.kind == Kind::kOther) {
    found->second.look = looks_;
    return true;
  }
  Descriptor copy(static_cast<int>(syscall(SYS_pidfd_getfd, process_.get(), number, 0)));
  if (!copy.valid()) {
    // It may have been closed meanwhile; anything else leaves a gap.
    if (errno == EBADF) return true;
    out->is_complete = false;
    out->error = errno;
    return errno != ENOSYS && errno != EPERM && errno != ESRCH;
  }
  if (!IsSocket(copy.get(), inode)) return true;  // it is another one by now
  if (found == known_.end()) found = known_.emplace(inode, Classify(copy.get())).first;
  Known& known = found->second;
  known.look = looks_;
  if (known.kind == Kind::kAccepted)
    out->sockets.push_back({inode, known.pid, IsClosed(copy.get())});
  if (known.kind == Kind::kInternet && OptionOf(copy.get(), SO_ACCEPTCONN) == 1)
    out->has_internet_listener = true;
  return true;
}

SocketWatch::Known SocketWatch::Classify(int fd) {
  int domain = OptionOf(fd, SO_DOMAIN);
  if (domain == AF_INET || domain == AF_INET6) return {Kind::kInternet};
  bool is_listening = OptionOf(fd, SO_ACCEPTCONN) == 1;
  if (domain != AF_UNIX || OptionOf(fd, SO_TYPE) != SOCK_STREAM || is_listening || !HasName(fd))
    return {};
  ucred peer{};
  socklen_t length = sizeof peer;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return {};
  return {Kind::kAccepted, peer.pid};
}

// A number of an inode may be given again when its socket is closed.
void SocketWatch::Forget() {
  std::erase_if(known_, [&](const auto& entry) { return entry.second.look != looks_; });
  std::erase_if(other_ends_, [&](const auto& entry) { return known_.count(entry.first) == 0; });
}

int SocketWatch::HoldsOtherEnd(int pid, uint64_t inode) {
  if (known_.count(inode) == 0) return 0;
  OtherEnd& end = other_ends_[inode];
  if (end.inode == 0) {
    int error = FindOtherEnd(inode, &end.inode);
    if (error != 0) return -error;
    if (end.inode == 0) return 0;
  }
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return -errno;
  if (end.pid == pid) {
    char name[32];
    char link[64];
    snprintf(name, sizeof name, "fd/%d", end.number);
    link[ReadLinkAt(directory.get(), name, link, sizeof link - 1)] = 0;
    if (InodeOf(link) == end.inode) return 1;
  }
  bool is_held = false;
  int error = EachDescriptor(directory.get(), kHolderDescriptorsMax, [&](int at, const char* link) {
    is_held = InodeOf(link) == end.inode;
    if (is_held) {
      end.pid = pid;
      end.number = at;
    }
    return !is_held;
  });
  if (is_held) return 1;
  return -error;
}

}  // namespace execwarden
