// SPDX-License-Identifier: Apache-2.0

/** For each word a rule of its name, which an exec matches whose command line ends with the word. */
export function rulesOf(words: readonly string[]): string {
  return words
    .map(
      (word) => `- rule: ${word}
  desc: sets off an action
  condition: evt.type in (execve, execveat) and container and proc.cmdline endswith " ${word}"
  output: "%proc.cmdline"
  priority: NOTICE
`,
    )
    .join("");
}

/** For each word a policy of its name for the rule of its name, with these actions (YAML), in force. */
export function policiesOf(actions: Readonly<Record<string, string>>): string {
  const policies = Object.entries(actions).map(
    ([word, list]) => `  - { name: ${word}, rules: [${word}], mode: enforce, actions: ${list} }\n`,
  );
  return `policies:\n${policies.join("")}`;
}
