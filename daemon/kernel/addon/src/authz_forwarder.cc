// The managed form of the authorization plugin: one static program, which is all that its root file
// system holds. It does what plugin/main.ts does: hands each question on to the daemon, and gives
// the configured answer while the daemon is away. A connection of the engine is a thread, a
// question to the daemon a connection of its own.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <string>
#include <thread>

namespace {

constexpr size_t kHeaderBytesMax = 16 * 1024;
// A request's body of 4 MiB in base64, and what is around it (questionBytesMax of
// plugin/server.ts).
constexpr size_t kBodyBytesMax = 8 << 20;
constexpr size_t kAnswerBytesMax = 1 << 20;
constexpr int kConnectionsMax = 1024;
constexpr int kAnsweredDeadlineMs = 1000;
constexpr int kWaitForEver = -1;

struct Settings {
  std::string daemon = "/run/execwarden/authz.sock";
  std::string listen = "/run/docker/plugins/execwarden.sock";
  bool denies_on_failure = false;
  int deadline_ms = 5000;
};

struct Message {
  std::string head;  // the first line and the headers, in lower case but for the first line
  std::string body;
};

int64_t NowMs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

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

bool SendAll(int fd, const std::string& bytes, int64_t until_ms) {
  for (size_t sent = 0; sent < bytes.size();) {
    if (!Await(fd, POLLOUT, until_ms)) return false;
    ssize_t got = send(fd, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (got > 0)
      sent += static_cast<size_t>(got);
    else if (got < 0 && errno != EAGAIN && errno != EINTR)
      return false;
  }
  return true;
}

// Appends what has come; false at the end, on a fault, and when the time is over.
bool ReceiveSome(int fd, std::string* out, int64_t until_ms) {
  if (!Await(fd, POLLIN, until_ms)) return false;
  char bytes[16 * 1024];
  ssize_t got = recv(fd, bytes, sizeof bytes, 0);
  if (got > 0) out->append(bytes, static_cast<size_t>(got));
  return got > 0;
}

// Value of a header; empty without one. Names are in lower case in `head`.
std::string HeaderOf(const std::string& head, const std::string& name) {
  size_t at = head.find("\r\n" + name + ":");
  if (at == std::string::npos) return {};
  at += name.size() + 3;
  size_t end = head.find("\r\n", at);
  std::string value = head.substr(at, end - at);
  size_t first = value.find_first_not_of(" \t");
  return first == std::string::npos ? std::string() : value.substr(first);
}

// Reads one HTTP message with a Content-Length, as the engine and the daemon send them; `rest`
// keeps what was read beyond it.
bool ReadMessage(int fd, std::string* rest, Message* out, size_t body_bytes_max, int64_t until_ms) {
  size_t end = 0;
  while ((end = rest->find("\r\n\r\n")) == std::string::npos) {
    if (rest->size() > kHeaderBytesMax || !ReceiveSome(fd, rest, until_ms)) return false;
  }
  out->head = rest->substr(0, end + 2);
  rest->erase(0, end + 4);
  for (size_t at = out->head.find("\r\n"); at < out->head.size(); at++) {
    out->head[at] = static_cast<char>(tolower(static_cast<unsigned char>(out->head[at])));
  }
  if (!HeaderOf(out->head, "transfer-encoding").empty()) return false;
  size_t length = strtoul(HeaderOf(out->head, "content-length").c_str(), nullptr, 10);
  if (length > body_bytes_max) return false;
  while (rest->size() < length) {
    if (!ReceiveSome(fd, rest, until_ms)) return false;
  }
  out->body = rest->substr(0, length);
  rest->erase(0, length);
  return true;
}

class Connection {
 public:
  explicit Connection(int fd) : fd_(fd) {}
  Connection(const Connection&) = delete;
  ~Connection() {
    if (fd_ >= 0) close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

bool AddressOf(const std::string& path, sockaddr_un* out) {
  *out = {};
  out->sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof out->sun_path) return false;
  memcpy(out->sun_path, path.data(), path.size());
  return true;
}

// The daemon's answer; empty when there is none in time.
std::string AskDaemon(const Settings& settings, const std::string& path, const std::string& body,
                      int deadline_ms) {
  int64_t until_ms = NowMs() + deadline_ms;
  Connection daemon(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  if (daemon.get() < 0 || !AddressOf(settings.daemon, &address)) return {};
  // A unix socket connects at once, or its backlog is full: that is no daemon that answers.
  timeval patience{deadline_ms / 1000, (deadline_ms % 1000) * 1000};
  setsockopt(daemon.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (connect(daemon.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return {};
  std::string head =
      "POST " + path + " HTTP/1.1\r\nHost: execwarden\r\nConnection: close\r\n" +
      "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
      "\r\n\r\n";
  if (!SendAll(daemon.get(), head, until_ms) || !SendAll(daemon.get(), body, until_ms)) return {};
  std::string rest;
  Message answer;
  if (!ReadMessage(daemon.get(), &rest, &answer, kAnswerBytesMax, until_ms)) return {};
  return answer.body;
}

// GET, HEAD and OPTIONS read. The engine writes the method before anything that a client chooses
// freely but the user's name, in which quotes are escaped (encoding/json).
bool IsReading(const std::string& question) {
  static const std::string key = "\"RequestMethod\":\"";
  size_t at = question.find(key);
  if (at == std::string::npos) return false;
  at += key.size();
  std::string method = question.substr(at, question.find('"', at) - at);
  return method == "GET" || method == "HEAD" || method == "OPTIONS";
}

std::string FailureAnswer(const Settings& settings, const std::string& question) {
  static std::atomic<int64_t> warned_ms{-10000};
  if (NowMs() - warned_ms >= 10000) {
    warned_ms = NowMs();
    fprintf(stderr, "the daemon does not answer at %s; the answer is %s\n", settings.daemon.c_str(),
            settings.denies_on_failure ? "deny" : "allow");
  }
  if (!settings.denies_on_failure || IsReading(question)) {
    return R"({"Allow":true,"Msg":"","Err":""})";
  }
  return R"({"Allow":false,"Msg":"execwarden does not answer, and is set to refuse requests then. )"
         R"(Start it: systemctl start execwarden. To do without it: execwarden plugin disable",)"
         R"("Err":""})";
}

std::string AnswerOf(const Settings& settings, const Message& message, bool* is_known) {
  size_t from = message.head.find(' ') + 1;
  std::string path = message.head.substr(from, message.head.find(' ', from) - from);
  *is_known = true;
  if (path == "/Plugin.Activate") return R"({"Implements":["authz"]})";
  if (path == "/AuthZPlugin.AuthZReq") {
    std::string answer = AskDaemon(settings, path, message.body, settings.deadline_ms);
    bool is_answer = answer.find("\"Allow\":") != std::string::npos;
    return is_answer ? answer : FailureAnswer(settings, message.body);
  }
  // What was done cannot be refused any more; the daemon only hears that a connection is free
  // again.
  if (path == "/AuthZPlugin.AuthZRes") {
    AskDaemon(settings, path, message.body, std::min(settings.deadline_ms, kAnsweredDeadlineMs));
    return R"({"Allow":true,"Msg":"","Err":""})";
  }
  *is_known = false;
  return R"({"Err":"no such call"})";
}

void Serve(const Settings& settings, int fd) {
  Connection engine(fd);
  std::string rest;
  Message message;
  while (ReadMessage(engine.get(), &rest, &message, kBodyBytesMax, kWaitForEver)) {
    bool is_known = false;
    std::string body = AnswerOf(settings, message, &is_known);
    std::string head = std::string("HTTP/1.1 ") + (is_known ? "200 OK" : "404 Not Found") +
                       "\r\nContent-Type: application/vnd.docker.plugins.v1.2+json\r\n" +
                       "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    if (!SendAll(engine.get(), head + body, kWaitForEver)) return;
  }
}

[[noreturn]] void Fail(const std::string& why) {
  fprintf(stderr, "%s\n", why.c_str());
  exit(78);
}

Settings ReadSettings() {
  Settings settings;
  if (const char* path = getenv("EXECWARDEN_SOCKET")) settings.daemon = path;
  if (const char* path = getenv("EXECWARDEN_LISTEN")) settings.listen = path;
  const char* on_failure = getenv("EXECWARDEN_ON_FAILURE");
  std::string word = on_failure ? on_failure : "allow";
  if (word != "allow" && word != "deny") {
    Fail("cannot read EXECWARDEN_ON_FAILURE \"" + word + "\": expected allow or deny");
  }
  settings.denies_on_failure = word == "deny";
  if (const char* deadline = getenv("EXECWARDEN_DEADLINE_MS"))
    settings.deadline_ms = atoi(deadline);
  if (settings.deadline_ms < 50 || settings.deadline_ms > 60000) {
    Fail("cannot read EXECWARDEN_DEADLINE_MS: expected milliseconds from 50 to 60000");
  }
  return settings;
}

int Listen(const Settings& settings) {
  sockaddr_un address{};
  if (!AddressOf(settings.listen, &address)) Fail("cannot listen: the path is too long");
  int listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  unlink(settings.listen.c_str());
  umask(0177);
  if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listening, 128) != 0) {
    Fail("cannot listen at " + settings.listen + ": " + strerror(errno));
  }
  fprintf(stderr, "asking the daemon at %s for the engine at %s; without it: %s\n",
          settings.daemon.c_str(), settings.listen.c_str(),
          settings.denies_on_failure ? "deny" : "allow");
  return listening;
}

}  // namespace

int main() {
  static const Settings settings = ReadSettings();
  // The first process of its pid namespace: a signal without a handler would not reach it. A dead
  // socket file delays the engine by 15 s each time that it looks for a plugin.
  for (int number : {SIGTERM, SIGINT}) {
    signal(number, [](int) {
      unlink(settings.listen.c_str());
      _exit(0);
    });
  }
  static std::atomic<int> connections{0};
  int listening = Listen(settings);
  for (;;) {
    int fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) {
      // Without descriptors: those that are open will be closed.
      poll(nullptr, 0, 10);
      continue;
    }
    if (connections >= kConnectionsMax) {
      close(fd);
      continue;
    }
    connections++;
    std::thread([fd] {
      Serve(settings, fd);
      connections--;
    }).detach();
  }
}
