// N-API glue of audit.h and of the reads that go with it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <napi.h>

namespace execwarden {

// Adds auditOpen, auditClose, auditRequest, auditSetOwner, auditSetMulticast, auditOnRecords,
// auditDrain, auditCounters, readArguments, readCgroup and memfdDevice.
void ExportAudit(Napi::Env env, Napi::Object exports);

}  // namespace execwarden
