// The authorization plugin that the engine sees: a small process of its own that hands each
// question on to the daemon, and gives the configured answer while the daemon is away. As a service
// (systemd/execwarden-authz.*) it gets its socket from systemd; as a managed plugin, where it is
// all that the root file system holds, or by hand, it opens it itself. A connection of the engine
// is a thread. SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "authz_daemon.h"
#include "authz_stream.h"

namespace execwarden {
namespace {

// A request's body of 4 MiB in base64, and what is around it (questionBytesMax of
// plugin/server.ts).
constexpr size_t kBodyBytesMax = 8 << 20;
// Below what the daemon takes (connectionsMax of plugin/server.ts), the kept ones included.
constexpr int kConnectionsMax = 900;
constexpr size_t kStackBytes = 256 * 1024;
// The first descriptor that systemd hands over (sd_listen_fds(3)).
constexpr int kFirstPassed = 3;
constexpr char kAllow[] = R"({"Allow":true,"Msg":"","Err":""})";

struct Settings {
  std::string daemon = "/run/execwarden/authz.sock";
  std::string listen = "/run/docker/plugins/execwarden.sock";
  bool denies_on_failure = false;
  int deadline_ms = 5000;
  bool is_passed = false;  // the listening socket came from systemd
};

[[noreturn]] void Fail(const std::string& why) {
  fprintf(stderr, "%s\n", why.c_str());
  exit(78);
}

std::string TextOf(const char* name) {
  const char* value = getenv(name);
  return value ? value : "";
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
  settings.is_passed =
      TextOf("LISTEN_PID") == std::to_string(getpid()) && TextOf("LISTEN_FDS") == "1";
  return settings;
}

const Settings& Set() {
  static const Settings settings = ReadSettings();
  return settings;
}

Daemon& TheDaemon() {
  static Daemon daemon(Set().daemon);
  return daemon;
}

std::atomic<int> connections{0};

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

std::string FailureAnswer(const std::string& question) {
  static std::atomic<int64_t> warned_ms{-10000};
  const Settings& settings = Set();
  if (NowMs() - warned_ms >= 10000) {
    warned_ms = NowMs();
    fprintf(stderr, "the daemon does not answer at %s; the answer is %s\n", settings.daemon.c_str(),
            settings.denies_on_failure ? "deny" : "allow");
  }
  if (!settings.denies_on_failure || IsReading(question)) return kAllow;
  return R"({"Allow":false,"Msg":"execwarden does not answer, and is set to refuse requests then. )"
         R"(Start it: systemctl start execwarden. To do without it: execwarden plugin disable",)"
         R"("Err":""})";
}

std::string AnswerQuestion(const std::string& question) {
  std::string answer = TheDaemon().Ask(question, Set().deadline_ms);
  bool is_answer = answer.find("\"Allow\":") != std::string::npos;
  return is_answer ? answer : FailureAnswer(question);
}

bool Answer(Stream* engine, const std::string& body, bool is_known = true) {
  std::string head = std::string("HTTP/1.1 ") + (is_known ? "200 OK" : "404 Not Found") +
                     "\r\nContent-Type: application/vnd.docker.plugins.v1.2+json\r\n" +
                     "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return engine->Send(head + body, kWaitForEver);
}

// False when the engine is gone.
bool Serve(Stream* engine, const Message& message) {
  size_t from = message.head.find(' ') + 1;
  std::string path = message.head.substr(from, message.head.find(' ', from) - from);
  if (path == "/Plugin.Activate") return Answer(engine, R"({"Implements":["authz"]})");
  if (path == "/AuthZPlugin.AuthZReq") return Answer(engine, AnswerQuestion(message.body));
  // What was done cannot be refused any more, so that the engine waits for nobody; the daemon hears
  // that a connection is free again before it is asked anything else.
  if (path == "/AuthZPlugin.AuthZRes") {
    uint64_t number = TheDaemon().BeginTelling();
    bool is_there = Answer(engine, kAllow);
    TheDaemon().EndTelling(number, message.body);
    return is_there;
  }
  return Answer(engine, R"({"Err":"no such call"})", false);
}

void* ServeAll(void* connection) {
  {
    Stream engine(static_cast<int>(reinterpret_cast<intptr_t>(connection)));
    Message message;
    while (engine.Read(&message, kBodyBytesMax, kWaitForEver) && Serve(&engine, message)) {
    }
  }
  connections--;
  return nullptr;
}

int Listen() {
  const Settings& settings = Set();
  const char* where = settings.is_passed ? "the socket of systemd" : settings.listen.c_str();
  int listening = kFirstPassed;
  if (!settings.is_passed) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (settings.listen.size() >= sizeof address.sun_path)
      Fail("cannot listen: the path is too long");
    memcpy(address.sun_path, settings.listen.data(), settings.listen.size());
    listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(settings.listen.c_str());
    umask(0177);
    if (bind(listening, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listening, 128) != 0) {
      Fail("cannot listen at " + settings.listen + ": " + strerror(errno));
    }
  }
  fprintf(stderr, "asking the daemon at %s for the engine at %s; without it: %s\n",
          settings.daemon.c_str(), where, settings.denies_on_failure ? "deny" : "allow");
  return listening;
}

// As many descriptors as there may be: without one, a question would get the answer of a failure.
void RaiseDescriptorLimit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

// A connection that cannot be served is closed: the engine refuses what it cannot ask about.
void Take(int fd, const pthread_attr_t* attributes) {
  pthread_t thread;
  if (++connections <= kConnectionsMax &&
      pthread_create(&thread, attributes, ServeAll,
                     reinterpret_cast<void*>(static_cast<intptr_t>(fd))) == 0) {
    return;
  }
  connections--;
  close(fd);
}

[[noreturn]] void Run() {
  Set();
  RaiseDescriptorLimit();
  // The first process of its pid namespace: a signal without a handler would not reach it. A dead
  // socket file delays the engine by 15 s each time that it looks for a plugin; systemd keeps its
  // own, where the engine's next question waits for our successor.
  for (int number : {SIGTERM, SIGINT}) {
    signal(number, [](int) {
      if (!Set().is_passed) unlink(Set().listen.c_str());
      _exit(0);
    });
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, kStackBytes);
  int listening = Listen();
  for (;;) {
    int fd = accept4(listening, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd >= 0)
      Take(fd, &attributes);
    else
      poll(nullptr, 0, 10);  // without descriptors: those that are open will be closed
  }
}

}  // namespace
}  // namespace execwarden

int main() { execwarden::Run(); }
