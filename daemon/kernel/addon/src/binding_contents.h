// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace execwarden {

// What is in files: listExecutables, gateDigest, gateForgetFile, gateKeepFiles;
// daemon/kernel/binding.ts tells what they take.
void ExportContents(Napi::Env env, Napi::Object exports);

}  // namespace execwarden
