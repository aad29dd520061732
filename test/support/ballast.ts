// SPDX-License-Identifier: Apache-2.0

/** 150 rules that never match: they make a reload long. */
export const ballast = Array.from(
  { length: 150 },
  (_, index) => `
- rule: Ballast ${index}
  desc: never
  condition: >
    evt.type = execve and container and proc.name in (b${index}, c${index}) and
    (proc.cmdline contains "x${index}" or fd.name startswith /etc or proc.aname[3] = d${index})
  output: "never %proc.name"
  priority: DEBUG
`,
).join("");
