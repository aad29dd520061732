// SPDX-License-Identifier: Apache-2.0
import { type Command, isOptionSet, optionText } from "../command.ts";
import { readRuleOptions, ruleOptions } from "../rule-options.ts";

/** `execwarden run`: the daemon, in the foreground. */
export const run: Command = {
  path: ["run"],
  summary: "watch the containers of this host (the daemon)",
  help: `
Runs in the foreground until Ctrl-C or SIGTERM. Needs root. Alerts go to standard output, and wherever
the configuration says; the daemon's own log goes to standard error.

Examples:
  sudo execwarden run
  sudo execwarden run --config ./execwarden.yaml --mode enforce
  sudo execwarden run --disable '*' --enable 'tag:mitre_execution,Run Web Fetch Program in Container'`,
  options: [
    {
      flags: "--config <file>",
      description: "configuration file",
      defaultText: "/etc/execwarden/execwarden.yaml",
    },
    {
      flags: "--mode <mode>",
      description:
        "overrides the configuration: monitor enforces nothing, enforce lets policies act",
      choices: ["monitor", "enforce"],
    },
    {
      flags: "--docker-host <address>",
      description: "the engine, such as unix:///var/run/docker.sock; overrides DOCKER_HOST",
    },
    ...ruleOptions,
    { flags: "--json-log", description: "write the daemon's own log as JSON" },
  ],
  run(input, { runDaemon, defaults }) {
    const mode = optionText(input, "mode");
    return runDaemon({
      configFile: optionText(input, "config") ?? defaults.configFile,
      mode: mode === "monitor" || mode === "enforce" ? mode : undefined,
      dockerHost: optionText(input, "dockerHost"),
      ruleChoice: readRuleOptions(input),
      isLogJson: isOptionSet(input, "jsonLog"),
    });
  },
};
