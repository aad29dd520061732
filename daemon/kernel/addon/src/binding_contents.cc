// SPDX-License-Identifier: Apache-2.0
#include "binding_contents.h"

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "contents.h"
#include "executables.h"
#include "open_gates.h"

namespace execwarden {
namespace {

// Runs `work` in a thread of its own, and `tell` with its result in the caller's. Not libuv's pool:
// there a decision would wait behind whatever else is read.
template <typename Result, typename Work, typename Tell>
void Later(Napi::Env env, Napi::Function callback, const char* name, Work work, Tell tell) {
  auto function = Napi::ThreadSafeFunction::New(env, callback, name, 0, 1);
  std::thread([function, name, work = std::move(work), tell]() mutable {
    prctl(PR_SET_NAME, name);
    auto* result = new Result(work());
    auto call = [tell](Napi::Env env, Napi::Function callback, Result* result) {
      callback.Call({tell(env, *result)});
      delete result;
    };
    if (function.BlockingCall(result, call) != napi_ok) delete result;
    function.Release();
  }).detach();
}

Napi::Value DigestValue(Napi::Env env, const DigestResult& result) {
  if (result.error != 0) return Napi::Number::New(env, result.error);
  return Napi::Buffer<uint8_t>::Copy(env, result.digest.data(), result.digest.size());
}

// [errno, one count for each reason to leave something out (Skip), path, size, ctime, digest, path,
// …]
Napi::Value ListingValue(Napi::Env env, const Listing& listing) {
  Napi::Array values = Napi::Array::New(env, 1 + kSkipCount + listing.files.size() * 4);
  uint32_t at = 0;
  values.Set(at++, Napi::Number::New(env, listing.error));
  for (uint32_t count : listing.skipped) values.Set(at++, Napi::Number::New(env, count));
  for (const Executable& file : listing.files) {
    values.Set(at++, Napi::Buffer<char>::Copy(env, file.path.data(), file.path.size()));
    values.Set(at++, Napi::Number::New(env, static_cast<double>(file.size)));
    values.Set(at++, Napi::BigInt::New(env, file.ctime_ns));
    values.Set(at++, Napi::Buffer<uint8_t>::Copy(env, file.digest.data(), file.digest.size()));
  }
  return values;
}

// layers, filesMax, entriesMax, sizeMax, bytesMax, timeMaxMs, callback
Napi::Value ListExecutablesCall(const Napi::CallbackInfo& info) {
  std::vector<std::string> layers;
  Napi::Array given = info[0].As<Napi::Array>();
  for (uint32_t i = 0; i < given.Length(); i++) {
    // Paths are bytes.
    Napi::Value layer = given[i];
    Napi::Buffer<char> path = layer.As<Napi::Buffer<char>>();
    layers.emplace_back(path.Data(), path.Length());
  }
  ListLimits limits{info[1].As<Napi::Number>().Uint32Value(),
                    info[2].As<Napi::Number>().Uint32Value(),
                    static_cast<uint64_t>(info[3].As<Napi::Number>().Int64Value()),
                    static_cast<uint64_t>(info[4].As<Napi::Number>().Int64Value()),
                    info[5].As<Napi::Number>().Uint32Value()};
  auto work = [layers = std::move(layers), limits] {
    setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 19);
    return ListExecutables(layers, limits);
  };
  Later<Listing>(info.Env(), info[6].As<Napi::Function>(), "ew-inventory", work, ListingValue);
  return info.Env().Undefined();
}

struct DigestOptions {
  uint64_t size_max;
  int64_t ctime_ns;
  bool is_urgent;  // an exec waits for it
};

// Takes the digest of `fd` in a thread of its own, closes it and calls back with a Buffer or an
// errno.
void DigestLater(Napi::Env env, int fd, const DigestOptions& options, Napi::Function callback) {
  auto work = [fd, options] {
    // A thread begins with the priority of the one that started it (sched(7)).
    if (!options.is_urgent) setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), 0);
    DigestResult result = DigestOf(fd, options.size_max, options.ctime_ns);
    close(fd);
    return result;
  };
  Later<DigestResult>(env, callback, "ew-digest", work, DigestValue);
}

// handle, slot, generation, sizeMax, ctimeNs, callback
Napi::Value GateDigest(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  Ticket ticket{info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value()};
  Descriptor file = open ? open->gate.FileOf(ticket) : Descriptor();
  if (!file.valid()) return Napi::Boolean::New(info.Env(), false);
  auto size_max = static_cast<uint64_t>(info[3].As<Napi::Number>().Int64Value());
  bool lossless = false;
  int64_t ctime_ns = info[4].As<Napi::BigInt>().Int64Value(&lossless);
  DigestLater(info.Env(), file.Release(), {size_max, ctime_ns, !KeptFiles::Names(ticket)},
              info[5].As<Napi::Function>());
  return Napi::Boolean::New(info.Env(), true);
}

// handle, slot, generation
Napi::Value GateForgetFile(const Napi::CallbackInfo& info) {
  Ticket ticket{info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value()};
  if (auto open = FindGate(info); open && KeptFiles::Names(ticket)) open->gate.FileOf(ticket);
  return info.Env().Undefined();
}

// handle, major, minor, generation, ctimeNs
Napi::Value GateKeepFiles(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return info.Env().Undefined();
  uint64_t device =
      makedev(info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value());
  bool lossless = false;
  int64_t ctime_ns = info[4].As<Napi::BigInt>().Int64Value(&lossless);
  open->gate.superblocks().KeepFilesFrom(device, ctime_ns,
                                         info[3].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

}  // namespace

void ExportContents(Napi::Env env, Napi::Object exports) {
  exports.Set("listExecutables", Napi::Function::New(env, ListExecutablesCall, "listExecutables"));
  exports.Set("gateDigest", Napi::Function::New(env, GateDigest, "gateDigest"));
  exports.Set("gateForgetFile", Napi::Function::New(env, GateForgetFile, "gateForgetFile"));
  exports.Set("gateKeepFiles", Napi::Function::New(env, GateKeepFiles, "gateKeepFiles"));
}

}  // namespace execwarden
