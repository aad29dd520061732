// The daemon as the authorization plugin asks it, over connections that are kept.
// SPDX-License-Identifier: Apache-2.0
#ifndef EXECWARDEN_AUTHZ_DAEMON_H_
#define EXECWARDEN_AUTHZ_DAEMON_H_

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "authz_stream.h"

namespace execwarden {

// Thread-safe. A call takes a connection for itself, which is kept for the next one.
class Daemon {
 public:
  explicit Daemon(std::string path) : path_(std::move(path)) {}

  // The daemon's answer to a question; empty when there is none in time. Whatever it was to hear
  // before is heard first.
  std::string Ask(const std::string& question, int deadline_ms);

  // What the engine is about to answer is to be told. Between Begin and End no question overtakes
  // it; the engine need not wait for End.
  uint64_t BeginTelling();
  void EndTelling(uint64_t number, const std::string& answer);

 private:
  std::string Call(FrameKind kind, const std::string& text, int64_t until_ms);
  std::unique_ptr<Stream> TakeIdle();
  std::unique_ptr<Stream> Connect(int64_t until_ms) const;
  void Keep(std::unique_ptr<Stream> stream);
  void AwaitTold();

  const std::string path_;
  std::mutex mutex_;
  std::condition_variable told_;
  std::vector<std::unique_ptr<Stream>> idle_;
  std::set<uint64_t> telling_;
  uint64_t last_told_ = 0;
  int64_t failed_ms_ = -(1 << 20);
};

}  // namespace execwarden

#endif  // EXECWARDEN_AUTHZ_DAEMON_H_
