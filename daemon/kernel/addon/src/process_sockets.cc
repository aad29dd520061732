// SPDX-License-Identifier: Apache-2.0
#include "process_sockets.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "proc_file.h"

namespace execwarden {

int EachDescriptor(int directory, size_t descriptors_max,
                   const std::function<bool(int, const char*)>& each) {
  int place = openat(directory, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (place < 0) return errno;
  DIR* listing = fdopendir(place);
  if (!listing) {
    close(place);
    return ENOMEM;
  }
  int error = 0;
  size_t seen = 0;
  while (dirent* entry = readdir(listing)) {
    if (entry->d_name[0] == '.') continue;
    if (++seen > descriptors_max) {
      error = E2BIG;
      break;
    }
    char target[64];
    size_t length = ReadLinkAt(place, entry->d_name, target, sizeof target - 1);
    target[length] = 0;
    if (!each(atoi(entry->d_name), target)) break;
  }
  closedir(listing);
  return error;
}

uint64_t InodeOf(const char* link) {
  uint64_t inode = 0;
  return sscanf(link, "socket:[%lu]", &inode) == 1 ? inode : 0;
}

int FindOtherEnd(uint64_t inode, uint64_t* out) {
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

}  // namespace execwarden
