// SPDX-License-Identifier: Apache-2.0
#include "superblocks.h"

#include <utility>

namespace execwarden {
namespace {

constexpr uint32_t kStartOpensMax = 256;

}  // namespace

Treatment Superblocks::TreatmentOf(uint64_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  return Find(device);
}

bool Superblocks::TryTreatmentOf(uint64_t device, Treatment* out) {
  std::unique_lock<std::mutex> lock(mutex_, std::try_to_lock);
  if (!lock.owns_lock()) return false;
  *out = Find(device);
  return true;
}

Treatment Superblocks::Find(uint64_t device) const {
  auto found = superblocks_.find(device);
  if (found == superblocks_.end()) return {default_mode_, 0, default_keep_from_ns_};
  return {found->second.mode, found->second.generation, found->second.keep_from_ns};
}

void Superblocks::SetMode(uint64_t device, Mode mode, uint32_t generation) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = superblocks_.find(device);
  bool is_known = found != superblocks_.end();
  if ((is_known ? found->second.generation : 0) != generation) return;
  if (mode != Mode::kNone) {
    superblocks_[device].mode = mode;
    superblocks_[device].start_opens = 0;
  } else if (is_known && generation == 0) {
    superblocks_.erase(found);
  }
}

void Superblocks::SetDefaultMode(Mode mode) {
  std::lock_guard<std::mutex> lock(mutex_);
  default_mode_ = mode;
}

void Superblocks::KeepFilesFrom(uint64_t device, int64_t ctime_ns, uint32_t generation) {
  std::lock_guard<std::mutex> lock(mutex_);
  if (device == 0) {
    default_keep_from_ns_ = ctime_ns;
    return;
  }
  auto found = superblocks_.find(device);
  if (found == superblocks_.end() || found->second.generation != generation) return;
  found->second.keep_from_ns = ctime_ns;
}

bool Superblocks::Register(const Root& root) {
  std::lock_guard<std::mutex> lock(mutex_);
  Superblock& superblock = superblocks_[root.device];
  if (superblock.generation != 0 && superblock.point == root.point) return false;
  superblock = {Mode::kHold, next_generation_++, kNeverNs, 0, root.point};
  return true;
}

void Superblocks::BeginStart(uint64_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = superblocks_.find(device);
  if (found != superblocks_.end()) found->second.start_opens = kStartOpensMax;
}

bool Superblocks::TakeStartOpen(uint64_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = superblocks_.find(device);
  if (found == superblocks_.end() || found->second.start_opens == 0) return false;
  found->second.start_opens--;
  return true;
}

bool Superblocks::EndStart(uint64_t device) {
  std::lock_guard<std::mutex> lock(mutex_);
  auto found = superblocks_.find(device);
  return found != superblocks_.end() && std::exchange(found->second.start_opens, 0) != 0;
}

void Superblocks::KeepRoots(const std::unordered_set<uint64_t>& present) {
  std::lock_guard<std::mutex> lock(mutex_);
  std::erase_if(superblocks_, [&present](const auto& entry) {
    return entry.second.generation != 0 && !present.contains(entry.first);
  });
}

std::vector<MarkedRoot> Superblocks::Roots() {
  std::lock_guard<std::mutex> lock(mutex_);
  std::vector<MarkedRoot> roots;
  for (const auto& [device, superblock] : superblocks_) {
    if (superblock.generation == 0) continue;
    roots.push_back({device, superblock.generation, superblock.point});
  }
  return roots;
}

}  // namespace execwarden
