// SPDX-License-Identifier: Apache-2.0
#include "binding_host.h"

#include <cerrno>
#include <string>
#include <utility>

#include "accepted_sockets.h"
#include "host_calls.h"
#include "kill_tree.h"

namespace execwarden {
namespace {

Napi::Value KillProcessCall(const Napi::CallbackInfo& info) {
  bool is_exact = false;
  uint64_t start_ticks = info[1].As<Napi::BigInt>().Uint64Value(&is_exact);
  int error = is_exact ? KillProcess(info[0].As<Napi::Number>().Int32Value(), start_ticks) : EINVAL;
  return Napi::Number::New(info.Env(), error);
}

Napi::Value NotifyCall(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(),
                           NotifyServiceManager(info[0].As<Napi::String>().Utf8Value(),
                                                info[1].As<Napi::String>().Utf8Value()));
}

Napi::Value ReadProcessCall(const Napi::CallbackInfo& info) {
  ProcessText text = ReadProcess(info[0].As<Napi::Number>().Int32Value());
  Napi::Array result = Napi::Array::New(info.Env(), 4);
  result.Set(0u, Napi::Buffer<char>::Copy(info.Env(), text.status.data(), text.status.size()));
  result.Set(1u, Napi::Buffer<char>::Copy(info.Env(), text.stat.data(), text.stat.size()));
  result.Set(2u, Napi::Buffer<char>::Copy(info.Env(), text.exe.data(), text.exe.size()));
  result.Set(3u, Napi::Buffer<char>::Copy(info.Env(), text.argv.data(), text.argv.size()));
  return result;
}

// Reads on libuv's pool, since a file can be slow.
class ReadInRootWorker : public Napi::AsyncWorker {
 public:
  ReadInRootWorker(Napi::Env env, std::string root, std::string path, size_t size_max)
      : AsyncWorker(env, "execwarden-read"),
        deferred_(Napi::Promise::Deferred::New(env)),
        root_(std::move(root)),
        path_(std::move(path)),
        size_max_(size_max) {}
  Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override { content_ = ReadFileInRoot(root_, path_, size_max_); }
  void OnOK() override {
    Napi::Env env = Env();
    if (content_.error != 0) {
      deferred_.Resolve(Napi::Number::New(env, content_.error));
    } else {
      deferred_.Resolve(
          Napi::Buffer<char>::Copy(env, content_.bytes.data(), content_.bytes.size()));
    }
  }

 private:
  Napi::Promise::Deferred deferred_;
  std::string root_;
  std::string path_;
  size_t size_max_;
  FileContent content_;
};

Napi::Value ReadInRootCall(const Napi::CallbackInfo& info) {
  auto* worker = new ReadInRootWorker(info.Env(), info[0].As<Napi::String>().Utf8Value(),
                                      info[1].As<Napi::String>().Utf8Value(),
                                      info[2].As<Napi::Number>().Uint32Value());
  Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

// [errno], or [0, pid, uid, gid, groups…].
Napi::Value PeerCredentialsCall(const Napi::CallbackInfo& info) {
  PeerCredentials peer = ReadPeerCredentials(info[0].As<Napi::Number>().Int32Value());
  Napi::Array result = Napi::Array::New(info.Env());
  result.Set(0u, peer.error);
  if (peer.error != 0) return result;
  result.Set(1u, peer.pid);
  result.Set(2u, peer.uid);
  result.Set(3u, peer.gid);
  uint32_t index = 4;
  for (uint32_t group : peer.groups) result.Set(index++, group);
  return result;
}

// A watch over the sockets of one process, as an object of two functions.
class WatchObject : public Napi::ObjectWrap<WatchObject> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "SocketWatch",
                       {InstanceMethod<&WatchObject::Look>("look"),
                        InstanceMethod<&WatchObject::HoldsOtherEnd>("holdsOtherEnd")});
  }
  explicit WatchObject(const Napi::CallbackInfo& info)
      : ObjectWrap(info), watch_(info[0].As<Napi::Number>().Int32Value()) {}

 private:
  // [errno, isComplete, hasInternetListener, inode, pid, isClosed, inode, …].
  Napi::Value Look(const Napi::CallbackInfo& info) {
    AcceptedSockets found =
        watch_.Look(info[0].As<Napi::Number>().Uint32Value(), info[1].As<Napi::Boolean>().Value());
    Napi::Env env = info.Env();
    Napi::Array result = Napi::Array::New(env, 3 + 3 * found.sockets.size());
    uint32_t at = 0;
    result.Set(at++, found.error);
    result.Set(at++, Napi::Boolean::New(env, found.is_complete));
    result.Set(at++, Napi::Boolean::New(env, found.has_internet_listener));
    for (const AcceptedSocket& socket : found.sockets) {
      result.Set(at++, Napi::Number::New(env, static_cast<double>(socket.inode)));
      result.Set(at++, socket.pid);
      result.Set(at++, Napi::Boolean::New(env, socket.is_closed));
    }
    return result;
  }

  Napi::Value HoldsOtherEnd(const Napi::CallbackInfo& info) {
    int held = watch_.HoldsOtherEnd(info[0].As<Napi::Number>().Int32Value(),
                                    static_cast<uint64_t>(info[1].As<Napi::Number>().Int64Value()));
    return Napi::Number::New(info.Env(), held);
  }

  SocketWatch watch_;
};

// Looks through /proc several times, so on libuv's pool.
class KillTreeWorker : public Napi::AsyncWorker {
 public:
  KillTreeWorker(Napi::Env env, int pid, uint64_t start_ticks)
      : AsyncWorker(env, "execwarden-kill-tree"),
        deferred_(Napi::Promise::Deferred::New(env)),
        pid_(pid),
        start_ticks_(start_ticks) {}
  Napi::Promise promise() const { return deferred_.Promise(); }
  void Execute() override { killed_ = KillProcessTree(pid_, start_ticks_); }
  void OnOK() override {
    Napi::Array result = Napi::Array::New(Env(), 3);
    result.Set(0u, Napi::Number::New(Env(), killed_.error));
    result.Set(1u, Napi::Number::New(Env(), killed_.killed));
    result.Set(2u, Napi::Boolean::New(Env(), killed_.is_complete));
    deferred_.Resolve(result);
  }

 private:
  Napi::Promise::Deferred deferred_;
  int pid_;
  uint64_t start_ticks_;
  KilledTree killed_;
};

Napi::Value KillProcessTreeCall(const Napi::CallbackInfo& info) {
  bool is_exact = false;
  uint64_t start_ticks = info[1].As<Napi::BigInt>().Uint64Value(&is_exact);
  // No process has started at a time that is no number of 64 bits: then nothing is found.
  int pid = is_exact ? info[0].As<Napi::Number>().Int32Value() : 0;
  auto* worker = new KillTreeWorker(info.Env(), pid, start_ticks);
  Napi::Promise promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace

void ExportHostCalls(Napi::Env env, Napi::Object exports) {
  exports.Set("killProcess", Napi::Function::New(env, KillProcessCall, "killProcess"));
  exports.Set("killProcessTree", Napi::Function::New(env, KillProcessTreeCall, "killProcessTree"));
  exports.Set("notifyServiceManager", Napi::Function::New(env, NotifyCall, "notifyServiceManager"));
  exports.Set("readProcess", Napi::Function::New(env, ReadProcessCall, "readProcess"));
  exports.Set("peerCredentials", Napi::Function::New(env, PeerCredentialsCall, "peerCredentials"));
  exports.Set("SocketWatch", WatchObject::Define(env));
  exports.Set("readInRoot", Napi::Function::New(env, ReadInRootCall, "readInRoot"));
}

}  // namespace execwarden
