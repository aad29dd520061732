// SPDX-License-Identifier: Apache-2.0
#include "host_calls.h"

#include <linux/openat2.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "parent_starts.h"
#include "proc_file.h"

namespace execwarden {
namespace {

constexpr size_t kArgvHeadBytes = 4096;
constexpr size_t kArgvBytes = 32 * 1024;
constexpr long kFuseMagic = 0x65735546;

// Fields 48 and 49 are where argv begins and ends.
std::string ReadArgv(int directory, const char* stat, size_t length_max) {
  uint64_t start = 0;
  uint64_t end = 0;
  if (!StatField(stat, 48, &start) || !StatField(stat, 49, &end) || end <= start) return {};
  Descriptor mem(openat(directory, "mem", O_RDONLY | O_CLOEXEC));
  if (!mem.valid()) return {};
  std::string bytes(std::min(static_cast<size_t>(end - start), length_max), '\0');
  ssize_t got = pread(mem.get(), bytes.data(), bytes.size(), static_cast<off_t>(start));
  bytes.resize(got > 0 ? static_cast<size_t>(got) : 0);
  return bytes;
}

}  // namespace

int KillProcess(int pid, uint64_t start_ticks) {
  Descriptor process(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
  if (!process.valid()) return errno;
  uint64_t started = ReadStart(pid);
  if (started == 0 || started != start_ticks) return ESRCH;
  return syscall(SYS_pidfd_send_signal, process.get(), SIGKILL, nullptr, 0) == 0 ? 0 : errno;
}

int NotifyServiceManager(const std::string& socket_path, const std::string& message, int fd) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_path.empty() || socket_path.size() >= sizeof address.sun_path) return EINVAL;
  memcpy(address.sun_path, socket_path.data(), socket_path.size());
  if (address.sun_path[0] == '@') address.sun_path[0] = 0;
  Descriptor socket_fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_fd.valid()) return errno;
  iovec text{const_cast<char*>(message.data()), message.size()};
  msghdr datagram{};
  datagram.msg_name = &address;
  datagram.msg_namelen =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_path.size());
  datagram.msg_iov = &text;
  datagram.msg_iovlen = 1;
  alignas(cmsghdr) char rights[CMSG_SPACE(sizeof fd)] = {};
  if (fd >= 0) {
    datagram.msg_control = rights;
    datagram.msg_controllen = sizeof rights;
    cmsghdr* head = CMSG_FIRSTHDR(&datagram);
    head->cmsg_level = SOL_SOCKET;
    head->cmsg_type = SCM_RIGHTS;
    head->cmsg_len = CMSG_LEN(sizeof fd);
    memcpy(CMSG_DATA(head), &fd, sizeof fd);
  }
  return sendmsg(socket_fd.get(), &datagram, MSG_NOSIGNAL) < 0 ? errno : 0;
}

FileContent ReadFileInRoot(const std::string& root, const std::string& path, size_t size_max) {
  Descriptor base(open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!base.valid()) return {errno, {}};
  open_how how{};
  how.flags = O_PATH | O_CLOEXEC;
  how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
  Descriptor place(
      static_cast<int>(syscall(SYS_openat2, base.get(), path.c_str(), &how, sizeof how)));
  if (!place.valid()) return {errno, {}};
  struct stat found{};
  struct statfs filesystem{};
  if (fstat(place.get(), &found) != 0 || fstatfs(place.get(), &filesystem) != 0) return {errno, {}};
  if (!S_ISREG(found.st_mode) || filesystem.f_type == kFuseMagic) return {EINVAL, {}};
  if (static_cast<uint64_t>(found.st_size) > size_max) return {EFBIG, {}};
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", place.get());
  Descriptor file(open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.valid()) return {errno, {}};
  std::string bytes(size_max, '\0');
  size_t used = 0;
  while (used < size_max) {
    ssize_t got = read(file.get(), bytes.data() + used, size_max - used);
    if (got < 0) return {errno, {}};
    if (got == 0) break;
    used += static_cast<size_t>(got);
  }
  bytes.resize(used);
  return {0, std::move(bytes)};
}

ProcessText ReadProcess(int pid) {
  ProcessText text;
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return text;
  char buffer[4096];
  text.status.assign(buffer, ReadStatusAt(directory.get(), buffer, sizeof buffer));
  size_t length = ReadFileAt(directory.get(), "stat", buffer, sizeof buffer - 1);
  buffer[length] = 0;
  text.stat.assign(buffer, length);
  text.argv = ReadArgv(directory.get(), buffer, kArgvHeadBytes);
  text.exe.assign(buffer, ReadLinkAt(directory.get(), "exe", buffer, sizeof buffer));
  return text;
}

PeerCredentials ReadPeerCredentials(int fd) {
  PeerCredentials peer;
  ucred credentials{};
  socklen_t length = sizeof credentials;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0) {
    peer.error = errno;
    return peer;
  }
  peer.pid = credentials.pid;
  peer.uid = credentials.uid;
  peer.gid = credentials.gid;
  // NGROUPS_MAX (limits.h) is 65536; the kernel says how much it wants with ERANGE.
  peer.groups.resize(64);
  length = static_cast<socklen_t>(peer.groups.size() * sizeof(uint32_t));
  int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length);
  if (result != 0 && errno == ERANGE) {
    peer.groups.resize(length / sizeof(uint32_t));
    result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length);
  }
  // Without them (before Linux 4.13) the caller has its own group alone.
  peer.groups.resize(result == 0 ? length / sizeof(uint32_t) : 0);
  return peer;
}

ArgumentText ReadArguments(int pid) {
  ArgumentText text;
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return text;
  char buffer[2048];
  size_t length = ReadFileAt(directory.get(), "stat", buffer, sizeof buffer - 1);
  buffer[length] = 0;
  text.stat.assign(buffer, length);
  text.argv = ReadArgv(directory.get(), buffer, kArgvBytes);
  return text;
}

std::string ReadCgroup(int pid) {
  Descriptor directory = OpenProcDirectory(pid);
  if (!directory.valid()) return {};
  char buffer[8192];
  return std::string(buffer, ReadFileAt(directory.get(), "cgroup", buffer, sizeof buffer));
}

}  // namespace execwarden
