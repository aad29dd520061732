// SPDX-License-Identifier: Apache-2.0
#include "authz_stream.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <ctime>

namespace execwarden {
namespace {

constexpr size_t kHeaderBytesMax = 16 * 1024;
constexpr size_t kFrameHeadBytes = 5;

// True when `fd` is ready for `events` before `until_ms`; kWaitForEver has no end.
bool Await(int fd, short events, int64_t until_ms) {
  for (;;) {
    int left = -1;
    if (until_ms != kWaitForEver) left = static_cast<int>(std::max<int64_t>(0, until_ms - NowMs()));
    pollfd state{fd, events, 0};
    int ready = poll(&state, 1, left);
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

}  // namespace

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

std::string HeaderOf(const std::string& head, const std::string& name) {
  size_t at = head.find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  at += name.size() + 3;
  size_t end = head.find("\r\n", at);
  std::string value = head.substr(at, end - at);
  size_t first = value.find_first_not_of(" \t");
  return first == std::string::npos ? std::string() : value.substr(first);
}

Stream::~Stream() {
  if (fd_ >= 0) close(fd_);
}

bool Stream::Send(const std::string& bytes, int64_t until_ms) {
  for (size_t sent = 0; sent < bytes.size();) {
    ssize_t got = send(fd_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got > 0) {
      sent += static_cast<size_t>(got);
    } else if (got < 0 && errno == EAGAIN) {
      if (!Await(fd_, POLLOUT, until_ms)) return false;
    } else if (got < 0 && errno != EINTR) {
      return false;
    }
  }
  return true;
}

bool Stream::Read(Message* out, size_t body_bytes_max, int64_t until_ms) {
  size_t end = 0;
  while ((end = rest_.find("\r\n\r\n")) == std::string::npos) {
    if (rest_.size() > kHeaderBytesMax || !ReceiveSome(until_ms)) return false;
  }
  out->head = rest_.substr(0, end + 2);
  rest_.erase(0, end + 4);
  for (size_t at = out->head.find("\r\n"); at < out->head.size(); at++) {
    out->head[at] = static_cast<char>(tolower(static_cast<unsigned char>(out->head[at])));
  }
  if (!HeaderOf(out->head, "transfer-encoding").empty()) return false;
  size_t length = strtoul(HeaderOf(out->head, "content-length").c_str(), nullptr, 10);
  if (length > body_bytes_max) return false;
  while (rest_.size() < length) {
    if (!ReceiveSome(until_ms)) return false;
  }
  out->body = rest_.substr(0, length);
  rest_.erase(0, length);
  return true;
}

bool Stream::SendFrame(FrameKind kind, const std::string& text, int64_t until_ms) {
  std::string bytes(1, kind);
  for (int shift = 0; shift < 32; shift += 8)
    bytes.push_back(static_cast<char>(text.size() >> shift & 0xff));
  return Send(bytes += text, until_ms);
}

bool Stream::ReadAnswer(std::string* text, size_t text_bytes_max, int64_t until_ms) {
  while (rest_.size() < kFrameHeadBytes) {
    if (!ReceiveSome(until_ms)) return false;
  }
  size_t length = 0;
  for (size_t at = kFrameHeadBytes - 1; at > 0; at--)
    length = length << 8 | static_cast<unsigned char>(rest_[at]);
  if (rest_[0] != kAnswer || length > text_bytes_max) return false;
  while (rest_.size() < kFrameHeadBytes + length) {
    if (!ReceiveSome(until_ms)) return false;
  }
  *text = rest_.substr(kFrameHeadBytes, length);
  rest_.erase(0, kFrameHeadBytes + length);
  return true;
}

bool Stream::IsIdle() const {
  pollfd state{fd_, POLLIN | POLLRDHUP, 0};
  return rest_.empty() && poll(&state, 1, 0) == 0;
}

bool Stream::ReceiveSome(int64_t until_ms) {
  if (!Await(fd_, POLLIN, until_ms)) return false;
  char bytes[16 * 1024];
  ssize_t got = recv(fd_, bytes, sizeof bytes, 0);
  if (got > 0) rest_.append(bytes, static_cast<size_t>(got));
  return got > 0;
}

}  // namespace execwarden
