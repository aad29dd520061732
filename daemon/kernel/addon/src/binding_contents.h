// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

#include <cstdint>

namespace execwarden {

// listExecutables; daemon/kernel/binding.ts tells what they take.
void ExportContents(Napi::Env env, Napi::Object exports);

struct DigestOptions {
  uint64_t size_max;
  int64_t ctime_ns;
  bool is_urgent;  // an exec waits for it
};

// Takes the digest of `fd` in a thread of its own, closes it and calls back with a Buffer or an
// errno.
void DigestLater(Napi::Env env, int fd, const DigestOptions& options, Napi::Function callback);

}  // namespace execwarden
