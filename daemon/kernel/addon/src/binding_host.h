// N-API glue of host_calls.h.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace execwarden {

// Adds killProcess, notifyServiceManager, readProcess, readInRoot and what else the host is asked.
void ExportHostCalls(Napi::Env env, Napi::Object exports);

}  // namespace execwarden
