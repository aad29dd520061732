// SPDX-License-Identifier: Apache-2.0
#include "roots.h"

#include <utility>

#include "mount_table.h"

namespace execwarden {
namespace {

bool Fits(const std::string& point, const RootPattern& pattern) {
  return point.starts_with(pattern.prefix) && point.ends_with(pattern.suffix) &&
         point.find(pattern.infix) != std::string::npos;
}

}  // namespace

std::vector<Root> FindRoots(std::string_view mountinfo, const std::vector<RootPattern>& patterns) {
  std::vector<Root> roots;
  while (!mountinfo.empty()) {
    MountLine line;
    if (!TakeMountLine(&mountinfo, &line) || line.type != "overlay" || line.point == "/") continue;
    for (const RootPattern& pattern : patterns) {
      if (!Fits(line.point, pattern)) continue;
      roots.push_back({line.device, std::move(line.point)});
      break;
    }
  }
  return roots;
}

}  // namespace execwarden
