// A JavaScript function that native threads may wake, until it is detached or its thread ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

namespace execwarden {

class Wake : public std::enable_shared_from_this<Wake> {
 public:
  void Attach(Napi::Env env, Napi::Function callback, const char* name) {
    {
      std::lock_guard<std::mutex> lock(mutex_);
      function_ = Napi::ThreadSafeFunction::New(env, callback, name, 0, 1);
      function_.Unref(env);
      is_attached_ = true;
    }
    // Runs before the function itself is torn down with its thread; it must not be touched after.
    auto* self = new std::shared_ptr<Wake>(shared_from_this());
    env.AddCleanupHook(
        [](std::shared_ptr<Wake>* wake) {
          (*wake)->Detach();
          delete wake;
        },
        self);
  }
  void Call() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_attached_ && function_.NonBlockingCall() == napi_closing) is_attached_ = false;
  }
  void Detach() {
    std::lock_guard<std::mutex> lock(mutex_);
    if (is_attached_) function_.Release();
    is_attached_ = false;
  }

 private:
  std::mutex mutex_;
  Napi::ThreadSafeFunction function_;
  bool is_attached_ = false;
};

}  // namespace execwarden
