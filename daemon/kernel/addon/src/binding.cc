// N-API glue: scalars, strings and buffers cross here; every meaning is in TypeScript
// (daemon/kernel/binding.ts is the whole seam). Gates belong to the process, not to one JavaScript
// thread: the main thread marks, the guard thread drains and answers.
// SPDX-License-Identifier: Apache-2.0
#include <napi.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <memory>
#include <utility>

#include "binding_audit.h"
#include "binding_contents.h"
#include "binding_host.h"
#include "host_calls.h"
#include "open_gates.h"

namespace execwarden {
namespace {

uint64_t DeviceOf(const Napi::CallbackInfo& info) {
  return makedev(info[1].As<Napi::Number>().Uint32Value(),
                 info[2].As<Napi::Number>().Uint32Value());
}

Napi::Value Refuse(Napi::Env env, int error, const char* syscall) {
  Napi::Error failure = Napi::Error::New(env, std::string(syscall) + " failed");
  failure.Set("errno", Napi::Number::New(env, error));
  failure.Set("syscall", Napi::String::New(env, syscall));
  failure.ThrowAsJavaScriptException();
  return env.Undefined();
}

Napi::Value GateOpen(const Napi::CallbackInfo& info) {
  GateOptions options{};
  options.deadline_ns = static_cast<uint64_t>(info[0].As<Napi::Number>().DoubleValue() * 1e6);
  options.deny_on_deadline = info[1].As<Napi::Boolean>().Value();
  options.hand_over_bytes = info[2].As<Napi::Number>().Uint32Value();
  int group = info[3].As<Napi::Number>().Int32Value();
  auto open = std::make_shared<OpenGate>(options);
  OpenGate* target = open.get();
  auto on_records = [target] { target->records->Call(); };
  auto on_mounts = [target] { target->mounts->Call(); };
  Gate::Failure failure = group < 0 ? open->gate.Start(on_records, on_mounts)
                                    : open->gate.TakeOver(group, on_records, on_mounts);
  if (failure.error != 0) return Refuse(info.Env(), failure.error, failure.syscall);
  return Napi::Number::New(info.Env(), AddGate(std::move(open)));
}

Napi::Value GateStartReading(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (open) open->gate.StartReading();
  return info.Env().Undefined();
}

// handle, path of the socket, message
Napi::Value GateStore(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  int error = EBADF;
  if (open) {
    error = NotifyServiceManager(info[1].As<Napi::String>().Utf8Value(),
                                 info[2].As<Napi::String>().Utf8Value(), open->gate.group());
  }
  return Napi::Number::New(info.Env(), error);
}

Napi::Value GateClose(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = RemoveGate(info);
  if (!open) return info.Env().Undefined();
  open->gate.Stop();
  open->records->Detach();
  open->mounts->Detach();
  return info.Env().Undefined();
}

Napi::Value GateOnRecords(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (open) open->records->Attach(info.Env(), info[1].As<Napi::Function>(), "execwarden-records");
  return Napi::Boolean::New(info.Env(), open != nullptr);
}

Napi::Value GateOnMounts(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (open) open->mounts->Attach(info.Env(), info[1].As<Napi::Function>(), "execwarden-mounts");
  return Napi::Boolean::New(info.Env(), open != nullptr);
}

Napi::Value GateMountsTaken(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (open) open->gate.MountsTaken();
  return info.Env().Undefined();
}

Napi::Value GateMark(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  MarkResult outcome{EBADF, "gate"};
  if (open) {
    MarkRequest request;
    request.root = info[1].As<Napi::String>().Utf8Value();
    Napi::Buffer<char> path = info[2].As<Napi::Buffer<char>>();
    request.path.assign(path.Data(), path.Length());
    request.device_major = info[3].As<Napi::Number>().Uint32Value();
    request.device_minor = info[4].As<Napi::Number>().Uint32Value();
    request.whole_filesystem = info[5].As<Napi::Boolean>().Value();
    outcome = open->gate.Mark(request);
  }
  result.Set(0u, Napi::Number::New(info.Env(), outcome.error));
  result.Set(1u, Napi::String::New(info.Env(), outcome.syscall));
  return result;
}

Napi::Value GateSetMode(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return info.Env().Undefined();
  open->gate.superblocks().SetMode(DeviceOf(info),
                                   static_cast<Mode>(info[3].As<Napi::Number>().Uint32Value()),
                                   info[4].As<Napi::Number>().Uint32Value());
  return info.Env().Undefined();
}

// Triples of prefix, infix and suffix.
Napi::Value GateSetRootPatterns(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return info.Env().Undefined();
  Napi::Array texts = info[1].As<Napi::Array>();
  auto text = [&texts](uint32_t index) {
    return static_cast<Napi::Value>(texts[index]).As<Napi::String>().Utf8Value();
  };
  std::vector<RootPattern> patterns;
  for (uint32_t i = 0; i + 2 < texts.Length(); i += 3) {
    patterns.push_back({text(i), text(i + 1), text(i + 2)});
  }
  open->gate.SetRootPatterns(std::move(patterns));
  return info.Env().Undefined();
}

// Quadruples of major, minor, generation and point.
Napi::Value GateRoots(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  Napi::Array result = Napi::Array::New(info.Env());
  if (!open) return result;
  uint32_t at = 0;
  for (const MarkedRoot& root : open->gate.superblocks().Roots()) {
    result.Set(at++, Napi::Number::New(info.Env(), major(root.device)));
    result.Set(at++, Napi::Number::New(info.Env(), minor(root.device)));
    result.Set(at++, Napi::Number::New(info.Env(), root.generation));
    result.Set(at++, Napi::Buffer<char>::Copy(info.Env(), root.point.data(), root.point.size()));
  }
  return result;
}

Napi::Value GateSetDeadline(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return info.Env().Undefined();
  open->gate.SetDeadline(static_cast<uint64_t>(info[1].As<Napi::Number>().DoubleValue() * 1e6),
                         info[2].As<Napi::Boolean>().Value());
  return info.Env().Undefined();
}

Napi::Value GateSetDefaultMode(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return info.Env().Undefined();
  auto mode = static_cast<Mode>(info[1].As<Napi::Number>().Uint32Value());
  open->gate.superblocks().SetDefaultMode(mode);
  return info.Env().Undefined();
}

Napi::Value GateDrain(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return Napi::Number::New(info.Env(), 0);
  Napi::Uint8Array out = info[1].As<Napi::Uint8Array>();
  open->gate.WakeTaken();
  size_t written = open->gate.Drain(out.Data(), out.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(written));
}

Napi::Value GateAnswer(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (!open) return Napi::Boolean::New(info.Env(), false);
  Ticket ticket{info[1].As<Napi::Number>().Uint32Value(), info[2].As<Napi::Number>().Uint32Value()};
  return Napi::Boolean::New(info.Env(),
                            open->gate.Answer(ticket, info[3].As<Napi::Boolean>().Value()));
}

// handle, pid
Napi::Value GateFollow(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  if (open) open->gate.scout().Follow(info[1].As<Napi::Number>().Int32Value());
  return info.Env().Undefined();
}

Napi::Value GateCounters(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  Napi::Array result = Napi::Array::New(info.Env());
  if (!open) return result;
  uint32_t at = 0;
  auto add = [&](uint64_t value) {
    result.Set(at++, Napi::Number::New(info.Env(), static_cast<double>(value)));
  };
  for (uint64_t value : open->gate.Counters()) add(value);
  add(open->gate.outstanding());
  MountScoutCounts scout = open->gate.scout().Counts();
  for (uint64_t value : {scout.namespaces, scout.scans, scout.late, scout.failed, scout.refused}) {
    add(value);
  }
  return result;
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  struct Entry {
    const char* name;
    Napi::Value (*function)(const Napi::CallbackInfo&);
  };
  static constexpr Entry kEntries[] = {
      {"gateOpen", GateOpen},
      {"gateStartReading", GateStartReading},
      {"gateStore", GateStore},
      {"gateClose", GateClose},
      {"gateOnRecords", GateOnRecords},
      {"gateOnMounts", GateOnMounts},
      {"gateMountsTaken", GateMountsTaken},
      {"gateMark", GateMark},
      {"gateSetRootPatterns", GateSetRootPatterns},
      {"gateRoots", GateRoots},
      {"gateSetMode", GateSetMode},
      {"gateSetDeadline", GateSetDeadline},
      {"gateSetDefaultMode", GateSetDefaultMode},
      {"gateDrain", GateDrain},
      {"gateAnswer", GateAnswer},
      {"gateCounters", GateCounters},
      {"gateFollow", GateFollow},
  };
  for (const Entry& entry : kEntries) {
    exports.Set(entry.name, Napi::Function::New(env, entry.function, entry.name));
  }
  ExportHostCalls(env, exports);
  ExportAudit(env, exports);
  ExportContents(env, exports);
  return exports;
}

}  // namespace
}  // namespace execwarden

static Napi::Object InitExecwarden(Napi::Env env, Napi::Object exports) {
  return execwarden::Init(env, exports);
}
NODE_API_MODULE(execwarden, InitExecwarden)
