// Which lines of the mount table are root filesystems of containers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace execwarden {

// An overlay mounted at a path of this form is a container's root. Empty parts fit everything.
struct RootPattern {
  std::string prefix;
  std::string infix;
  std::string suffix;
};

// One mounted container root.
struct Root {
  uint64_t device = 0;  // st_dev
  std::string point;    // mount point, octal escapes resolved
};

// Every container root in the text of /proc/self/mountinfo (proc(5)); never the mount at "/".
std::vector<Root> FindRoots(std::string_view mountinfo, const std::vector<RootPattern>& patterns);

}  // namespace execwarden
