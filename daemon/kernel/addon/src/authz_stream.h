// What goes over unix sockets: HTTP between the engine and this plugin, frames between it and the
// daemon.
// SPDX-License-Identifier: Apache-2.0
#ifndef EXECWARDEN_AUTHZ_STREAM_H_
#define EXECWARDEN_AUTHZ_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>

namespace execwarden {

constexpr int64_t kWaitForEver = -1;

// CLOCK_MONOTONIC in milliseconds.
int64_t NowMs();

struct Message {
  std::string head;  // the first line and the headers, in lower case but for the first line
  std::string body;
};

// A byte that says which, the length in four bytes (little endian), and the text
// (plugin/frames.ts).
enum FrameKind : char { kQuestion = 'Q', kDone = 'D', kAnswer = 'A' };

// Value of a header; empty without one. `name` is in lower case.
std::string HeaderOf(const std::string& head, const std::string& name);

// A connected socket, and what was read from it beyond the last message. Closes it at its end.
class Stream {
 public:
  explicit Stream(int fd) : fd_(fd) {}
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  ~Stream();

  // False on a fault, and when the time is over.
  bool Send(const std::string& bytes, int64_t until_ms);
  // Reads one message with a Content-Length of at most `body_bytes_max`; false at the end, on a
  // fault, and when the time is over.
  bool Read(Message* out, size_t body_bytes_max, int64_t until_ms);
  bool SendFrame(FrameKind kind, const std::string& text, int64_t until_ms);
  // Reads an answer of at most `text_bytes_max`; false at the end, on a fault, when it is something
  // else, and when the time is over.
  bool ReadAnswer(std::string* text, size_t text_bytes_max, int64_t until_ms);
  // True while the other end has neither gone nor said anything unasked.
  bool IsIdle() const;

 private:
  bool ReceiveSome(int64_t until_ms);

  int fd_;
  std::string rest_;
};

}  // namespace execwarden

#endif  // EXECWARDEN_AUTHZ_STREAM_H_
