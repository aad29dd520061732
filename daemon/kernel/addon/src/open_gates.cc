// SPDX-License-Identifier: Apache-2.0
#include "open_gates.h"

#include <map>
#include <mutex>
#include <utility>

namespace execwarden {
namespace {

std::mutex gates_mutex;

std::map<uint32_t, std::shared_ptr<OpenGate>>& Gates() {
  static auto* gates = new std::map<uint32_t, std::shared_ptr<OpenGate>>();
  return *gates;
}

}  // namespace

uint32_t AddGate(std::shared_ptr<OpenGate> open) {
  std::lock_guard<std::mutex> lock(gates_mutex);
  static uint32_t next_handle = 1;
  uint32_t handle = next_handle++;
  Gates()[handle] = std::move(open);
  return handle;
}

std::shared_ptr<OpenGate> FindGate(const Napi::CallbackInfo& info) {
  std::lock_guard<std::mutex> lock(gates_mutex);
  auto found = Gates().find(info[0].As<Napi::Number>().Uint32Value());
  return found == Gates().end() ? nullptr : found->second;
}

std::shared_ptr<OpenGate> RemoveGate(const Napi::CallbackInfo& info) {
  std::shared_ptr<OpenGate> open = FindGate(info);
  std::lock_guard<std::mutex> lock(gates_mutex);
  Gates().erase(info[0].As<Napi::Number>().Uint32Value());
  return open;
}

}  // namespace execwarden
