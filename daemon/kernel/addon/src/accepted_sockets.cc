// SPDX-License-Identifier: Apache-2.0
#include "accepted_sockets.h"

#include <dirent.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "proc_file.h"

namespace execwarden {
namespace {

constexpr size_t kHolderDescriptorsMax = 65536;

// Calls `each` with the number and the inode of every socket of `pid`, until it returns false.
// Returns errno; E2BIG when there are more than `descriptors_max` descriptors.
int EachSocket(int pid, size_t descriptors_max, const std::function<bool(int, uint64_t)>& each) {
  char path[64];
  snprintf(path, sizeof path, "/proc/%d/fd", pid);
  DIR* directory = opendir(path);
  if (!directory) return errno;
  int error = 0;
  size_t seen = 0;
  while (dirent* entry = readdir(directory)) {
    if (entry->d_name[0] == '.') continue;
    if (++seen > descriptors_max) {
      error = E2BIG;
      break;
    }
    char target[64];
    size_t length = ReadLinkAt(dirfd(directory), entry->d_name, target, sizeof target - 1);
    target[length] = 0;
    uint64_t inode = 0;
    if (sscanf(target, "socket:[%lu]", &inode) != 1) continue;
    if (!each(atoi(entry->d_name), inode)) break;
  }
  closedir(directory);
  return error;
}

int OptionOf(int fd, int option) {
  int value = 0;
  socklen_t length = sizeof value;
  return getsockopt(fd, SOL_SOCKET, option, &value, &length) == 0 ? value : -1;
}

// Path of a unix socket; an abstract name begins with '@', and one end has none.
std::string NameOf(int fd) {
  sockaddr_un address{};
  socklen_t length = sizeof address;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) != 0) return {};
  size_t used = length - offsetof(sockaddr_un, sun_path);
  if (length <= offsetof(sockaddr_un, sun_path)) return {};
  std::string name(address.sun_path, strnlen(address.sun_path + 1, used - 1) + 1);
  if (name[0] == 0) name[0] = '@';
  return name;
}

bool IsClosed(int fd) {
  pollfd state{fd, POLLRDHUP, 0};
  return poll(&state, 1, 0) > 0 && (state.revents & (POLLHUP | POLLERR)) != 0;
}

void Look(int fd, uint64_t inode, AcceptedSockets* out) {
  int domain = OptionOf(fd, SO_DOMAIN);
  bool is_listening = OptionOf(fd, SO_ACCEPTCONN) == 1;
  if (domain == AF_INET || domain == AF_INET6) {
    out->has_internet_listener = out->has_internet_listener || is_listening;
    return;
  }
  if (domain != AF_UNIX || OptionOf(fd, SO_TYPE) != SOCK_STREAM || is_listening) return;
  AcceptedSocket socket;
  // An accepted socket has the name of the one that listens; one that connected has none.
  socket.name = NameOf(fd);
  ucred peer{};
  socklen_t length = sizeof peer;
  if (socket.name.empty() || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return;
  socket.inode = inode;
  socket.pid = peer.pid;
  socket.uid = peer.uid;
  socket.is_closed = IsClosed(fd);
  out->sockets.push_back(std::move(socket));
}

// Inode of the other end of a unix socket; 0 when it has none (any more).
int OtherEnd(uint64_t inode, uint64_t* out) {
  Descriptor netlink(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!netlink.valid()) return errno;
  struct {
    nlmsghdr header;
    unix_diag_req request;
  } question{};
  question.header.nlmsg_len = sizeof question;
  question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  question.header.nlmsg_flags = NLM_F_REQUEST;
  question.request.sdiag_family = AF_UNIX;
  question.request.udiag_states = ~0u;
  question.request.udiag_ino = static_cast<uint32_t>(inode);
  question.request.udiag_show = UDIAG_SHOW_PEER;
  question.request.udiag_cookie[0] = ~0u;
  question.request.udiag_cookie[1] = ~0u;
  if (send(netlink.get(), &question, sizeof question, 0) < 0) return errno;
  alignas(nlmsghdr) char answer[4096];
  // The kernel answers within the send.
  ssize_t got = recv(netlink.get(), answer, sizeof answer, MSG_DONTWAIT);
  if (got < 0) return errno;
  auto* header = reinterpret_cast<nlmsghdr*>(answer);
  if (!NLMSG_OK(header, static_cast<uint32_t>(got))) return EPROTO;
  if (header->nlmsg_type == NLMSG_ERROR) {
    return -static_cast<nlmsgerr*>(NLMSG_DATA(header))->error;
  }
  auto* message = static_cast<unix_diag_msg*>(NLMSG_DATA(header));
  auto* attribute = reinterpret_cast<rtattr*>(message + 1);
  int left = static_cast<int>(header->nlmsg_len - NLMSG_LENGTH(sizeof *message));
  for (; RTA_OK(attribute, left); attribute = RTA_NEXT(attribute, left)) {
    if (attribute->rta_type != UNIX_DIAG_PEER) continue;
    uint32_t peer = 0;
    memcpy(&peer, RTA_DATA(attribute), sizeof peer);
    *out = peer;
  }
  return 0;
}

}  // namespace

AcceptedSockets ReadAcceptedSockets(int pid, size_t descriptors_max) {
  AcceptedSockets found;
  Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) {
    found.error = errno;
    return found;
  }
  int error = EachSocket(pid, descriptors_max, [&](int number, uint64_t inode) {
    Descriptor copy(static_cast<int>(syscall(SYS_pidfd_getfd, process.get(), number, 0)));
    if (copy.valid()) {
      Look(copy.get(), inode, &found);
      return true;
    }
    // It may have been closed meanwhile; anything else leaves a gap.
    if (errno == EBADF) return true;
    found.is_complete = false;
    found.error = errno;
    return errno != ENOSYS && errno != EPERM && errno != ESRCH;
  });
  if (error == E2BIG)
    found.is_complete = false;
  else if (error != 0)
    found.error = error;
  return found;
}

int HoldsOtherEnd(int pid, uint64_t inode) {
  uint64_t wanted = 0;
  int error = OtherEnd(inode, &wanted);
  if (error != 0) return -error;
  if (wanted == 0) return 0;
  bool is_held = false;
  error = EachSocket(pid, kHolderDescriptorsMax, [&](int, uint64_t held) {
    is_held = held == wanted;
    return !is_held;
  });
  if (is_held) return 1;
  return -error;
}

}  // namespace execwarden
