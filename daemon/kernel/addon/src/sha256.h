// SHA-256 (FIPS 180-4), so that the addon needs no library of the machine it runs on.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace execwarden {

using Digest = std::array<uint8_t, 32>;

class Sha256 {
 public:
  void Update(const uint8_t* data, size_t length);
  // The digest of all that was given; call once.
  Digest Finish();

 private:
  void Block(const uint8_t* block);

  std::array<uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<uint8_t, 64> tail_{};
  uint64_t length_ = 0;
};

}  // namespace execwarden
