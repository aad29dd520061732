// SPDX-License-Identifier: Apache-2.0
#include "binding_audit.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "audit.h"
#include "host_calls.h"
#include "wake.h"

namespace execwarden {
namespace {

struct OpenAudit {
  explicit OpenAudit(size_t hand_over_bytes) : client(hand_over_bytes) {}
  std::shared_ptr<Wake> records = std::make_shared<Wake>();
  AuditClient client;
};

std::mutex clients_mutex;
std::map<uint32_t, std::shared_ptr<OpenAudit>>& Clients() {
  static auto* clients = new std::map<uint32_t, std::shared_ptr<OpenAudit>>();
  return *clients;
}

std::shared_ptr<OpenAudit> Find(const Napi::CallbackInfo& info) {
  std::lock_guard<std::mutex> lock(clients_mutex);
  auto found = Clients().find(info[0].As<Napi::Number>().Uint32Value());
  return found == Clients().end() ? nullptr : found->second;
}

// [errno, handle]
Napi::Value AuditOpen(const Napi::CallbackInfo& info) {
  auto open = std::make_shared<OpenAudit>(info[0].As<Napi::Number>().Uint32Value());
  OpenAudit* target = open.get();
  int error = open->client.Start([target] { target->records->Call(); });
  uint32_t handle = 0;
  if (error == 0) {
    std::lock_guard<std::mutex> lock(clients_mutex);
    static uint32_t next_handle = 1;
    handle = next_handle++;
    Clients()[handle] = std::move(open);
  }
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Number::New(info.Env(), error));
  result.Set(1u, Napi::Number::New(info.Env(), handle));
  return result;
}

Napi::Value AuditClose(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  if (!open) return info.Env().Undefined();
  {
    std::lock_guard<std::mutex> lock(clients_mutex);
    Clients().erase(info[0].As<Napi::Number>().Uint32Value());
  }
  open->client.Stop();
  open->records->Detach();
  return info.Env().Undefined();
}

// [errno, type, payload, type, payload, …]
Napi::Value AuditRequest(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  Napi::Buffer<uint8_t> payload = info[2].As<Napi::Buffer<uint8_t>>();
  std::vector<AuditReply> replies;
  int error = EBADF;
  if (open) {
    error = open->client.Request(static_cast<uint16_t>(info[1].As<Napi::Number>().Uint32Value()),
                                 payload.Data(), payload.Length(), &replies);
  }
  Napi::Array result = Napi::Array::New(info.Env());
  uint32_t at = 0;
  result.Set(at++, Napi::Number::New(info.Env(), error));
  for (const AuditReply& reply : replies) {
    result.Set(at++, Napi::Number::New(info.Env(), reply.type));
    result.Set(at++,
               Napi::Buffer<char>::Copy(info.Env(), reply.payload.data(), reply.payload.size()));
  }
  return result;
}

Napi::Value AuditSetOwner(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  Napi::Buffer<uint8_t> payload = info[1].As<Napi::Buffer<uint8_t>>();
  int error = open ? open->client.SetByRecords(payload.Data(), payload.Length()) : EBADF;
  return Napi::Number::New(info.Env(), error);
}

Napi::Value AuditSetMulticast(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  int error = open ? open->client.SetMulticast(info[1].As<Napi::Boolean>().Value()) : EBADF;
  return Napi::Number::New(info.Env(), error);
}

Napi::Value AuditOnRecords(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  if (open) open->records->Attach(info.Env(), info[1].As<Napi::Function>(), "execwarden-audit");
  return Napi::Boolean::New(info.Env(), open != nullptr);
}

Napi::Value AuditDrain(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  if (!open) return Napi::Number::New(info.Env(), 0);
  Napi::Uint8Array out = info[1].As<Napi::Uint8Array>();
  open->client.WakeTaken();
  size_t written = open->client.Drain(out.Data(), out.ByteLength());
  return Napi::Number::New(info.Env(), static_cast<double>(written));
}

Napi::Value AuditCounters(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenAudit> open = Find(info);
  auto values = open ? open->client.Counters() : std::array<uint64_t, kAuditCounters>{};
  Napi::Array result = Napi::Array::New(info.Env(), kAuditCounters);
  for (uint32_t i = 0; i < kAuditCounters; i++) {
    result.Set(i, Napi::Number::New(info.Env(), static_cast<double>(values[i])));
  }
  return result;
}

Napi::Value ReadArgumentsCall(const Napi::CallbackInfo& info) {
  ArgumentText text = ReadArguments(info[0].As<Napi::Number>().Int32Value());
  Napi::Array result = Napi::Array::New(info.Env(), 2);
  result.Set(0u, Napi::Buffer<char>::Copy(info.Env(), text.stat.data(), text.stat.size()));
  result.Set(1u, Napi::Buffer<char>::Copy(info.Env(), text.argv.data(), text.argv.size()));
  return result;
}

Napi::Value ReadCgroupCall(const Napi::CallbackInfo& info) {
  std::string text = ReadCgroup(info[0].As<Napi::Number>().Int32Value());
  return Napi::Buffer<char>::Copy(info.Env(), text.data(), text.size());
}

// [major, minor] of the file system that memfd_create(2) makes files on; empty where it is refused.
Napi::Value MemfdDevice(const Napi::CallbackInfo& info) {
  Napi::Array result = Napi::Array::New(info.Env());
  Descriptor file(memfd_create("execwarden", MFD_CLOEXEC));
  struct stat found{};
  if (!file.valid() || fstat(file.get(), &found) != 0) return result;
  result.Set(0u, Napi::Number::New(info.Env(), major(found.st_dev)));
  result.Set(1u, Napi::Number::New(info.Env(), minor(found.st_dev)));
  return result;
}

}  // namespace

void ExportAudit(Napi::Env env, Napi::Object exports) {
  struct Entry {
    const char* name;
    Napi::Value (*function)(const Napi::CallbackInfo&);
  };
  static constexpr Entry kEntries[] = {
      {"auditOpen", AuditOpen},
      {"auditClose", AuditClose},
      {"auditRequest", AuditRequest},
      {"auditSetOwner", AuditSetOwner},
      {"auditSetMulticast", AuditSetMulticast},
      {"auditOnRecords", AuditOnRecords},
      {"auditDrain", AuditDrain},
      {"auditCounters", AuditCounters},
      {"readArguments", ReadArgumentsCall},
      {"readCgroup", ReadCgroupCall},
      {"memfdDevice", MemfdDevice},
  };
  for (const Entry& entry : kEntries) {
    exports.Set(entry.name, Napi::Function::New(env, entry.function, entry.name));
  }
}

}  // namespace execwarden
