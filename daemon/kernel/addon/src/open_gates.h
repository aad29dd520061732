// The gates of this process, by handle: one thread marks, another drains and answers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>
#include <memory>

#include "gate.h"
#include "wake.h"

namespace execwarden {

struct OpenGate {
  explicit OpenGate(const GateOptions& options) : gate(options) {}
  std::shared_ptr<Wake> records = std::make_shared<Wake>();
  std::shared_ptr<Wake> mounts = std::make_shared<Wake>();
  Gate gate;
};

// Its handle.
uint32_t AddGate(std::shared_ptr<OpenGate> open);

// The gate whose handle is a call's first argument; null when it is closed.
std::shared_ptr<OpenGate> FindGate(const Napi::CallbackInfo& info);

// The same, which nobody finds afterwards.
std::shared_ptr<OpenGate> RemoveGate(const Napi::CallbackInfo& info);

}  // namespace execwarden
