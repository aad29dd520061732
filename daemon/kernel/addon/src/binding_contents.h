// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace execwarden {

// listExecutables; daemon/kernel/binding.ts tells what they take.
void ExportContents(Napi::Env env, Napi::Object exports);

// Takes the digest of `fd` in a thread of its own, closes it and calls back with a Buffer or an
// errno.
void DigestLater(Napi::Env env, int fd, uint64_t size_max, Napi::Function callback);

}  // namespace execwarden
