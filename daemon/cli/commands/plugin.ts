// SPDX-License-Identifier: Apache-2.0
import { listenerText } from "../../model/listener-text.ts";
import type { Status } from "../../model/status.ts";
import type { Result } from "../../util/result.ts";
import { jsonText } from "../../util/json-text.ts";
import { clientOf } from "../ask.ts";
import {
  type Command,
  type CommandContext,
  type CommandInput,
  isOptionSet,
  jsonOption,
  optionText,
  socketOption,
} from "../command.ts";
import { exitCodes } from "../exit-codes.ts";
import { editDaemonJson } from "../plugin/daemon-json.ts";
import { askPlugin, findEngine, readOptional, replaceFile } from "../plugin/engine.ts";

const engineOptions = [
  {
    flags: "--name <name>",
    description: "what the engine calls the plugin",
    defaultText: "execwarden",
  },
  {
    flags: "--daemon-json <file>",
    description: "the engine's configuration",
    defaultText: "/etc/docker/daemon.json",
  },
  {
    flags: "--pid-file <file>",
    description: "the engine's pid file",
    defaultText: "/var/run/docker.pid",
  },
  {
    flags: "--docker-socket <path>",
    description: "the engine's socket, where a managed plugin is asked about",
    defaultText: "/var/run/docker.sock",
  },
];

interface Place {
  readonly name: string;
  readonly daemonJson: string;
  readonly pidFile: string;
  readonly dockerSocket: string;
}

function placeOf(input: CommandInput): Place {
  return {
    name: optionText(input, "name") ?? "execwarden",
    daemonJson: optionText(input, "daemonJson") ?? "/etc/docker/daemon.json",
    pidFile: optionText(input, "pidFile") ?? "/var/run/docker.pid",
    dockerSocket: optionText(input, "dockerSocket") ?? "/var/run/docker.sock",
  };
}

/** `execwarden plugin enable`: has the engine ask execwarden about each request. */
export const pluginEnable: Command = {
  path: ["plugin", "enable"],
  summary: "have the Docker engine ask execwarden about each request at its API",
  help: `
Writes "authorization-plugins" into the engine's daemon.json (the file before is kept beside it) and has the engine read
it, without a restart. Nothing is changed unless the plugin answers: an engine that is told of a plugin that is not there
ends. See docs/plugin.md, also for the way back when nothing answers any more.

Examples:
  sudo systemctl enable --now execwarden execwarden-authz.socket
  sudo execwarden plugin enable`,
  options: engineOptions,
  async run(input, context) {
    const place = placeOf(input);
    const answers = await askPlugin(place.name, place.dockerSocket);
    if (!answers.ok) return refuse(context, answers.error.message);
    return change(place, true, context);
  },
};

/** `execwarden plugin disable`: the engine asks nobody any more. Works without the daemon and without the engine's API. */
export const pluginDisable: Command = {
  path: ["plugin", "disable"],
  summary: "have the engine ask execwarden no more; works when nothing else does",
  help: `
Takes execwarden out of "authorization-plugins" in the engine's daemon.json and sends the engine SIGHUP. Neither the
daemon nor the engine's API is needed for it.

Examples:
  sudo execwarden plugin disable`,
  options: engineOptions,
  run: (input, context) => change(placeOf(input), false, context),
};

/** `execwarden plugin status`: whether the engine is told to ask, and whether it does. */
export const pluginStatus: Command = {
  path: ["plugin", "status"],
  summary: "whether the engine is told to ask execwarden, and whether it does",
  help: `
The exit code is 0 when the engine was seen to ask, 1 otherwise.

Examples:
  sudo execwarden plugin status`,
  options: [...engineOptions, jsonOption, socketOption],
  async run(input, context) {
    const { name, daemonJson, pidFile, dockerSocket } = placeOf(input);
    const edited = editDaemonJson(await readOptional(daemonJson), { name, isEnabled: true });
    const engine = await findEngine(pidFile);
    const answers = await askPlugin(name, dockerSocket);
    const asked = await clientOf(input, context).get("/v1/status");
    const plugin = asked.ok ? (JSON.parse(asked.value) as Status).plugin : undefined;
    const facts = {
      daemonJson,
      isConfigured: edited.ok && edited.value.text === undefined,
      engineRuns: engine !== undefined,
      pluginAnswers: answers.ok,
      daemonAnswers: asked.ok,
      isAsked: plugin?.isAsked ?? false,
      ...(plugin === undefined ? {} : { asked: plugin.asked, refused: plugin.refused }),
      listeners: listenersOf(plugin),
    };
    const told = facts.isConfigured ? `names ${name}` : `does not name ${name}`;
    const lines = [
      `${daemonJson}: ${edited.ok ? told : edited.error.message}`,
      `plugin: ${answerText(answers)}`,
      `daemon: ${answerText(asked)}`,
      `engine: ${facts.isAsked ? "asks" : "was not seen to ask"}`,
      ...facts.listeners.map((one) => `listener: ${listenerText(one)}`),
    ];
    const text = isOptionSet(input, "json") ? jsonText(facts) : lines.join("\n");
    await context.terminal.writeOut(`${text}\n`);
    return facts.isAsked ? exitCodes.ok : exitCodes.checkFailed;
  },
};

function listenersOf(plugin: Status["plugin"] | undefined): Status["plugin"]["listeners"] {
  return plugin?.listeners ?? [];
}

async function change(place: Place, isEnabled: boolean, context: CommandContext): Promise<number> {
  const { name, daemonJson, pidFile } = place;
  const { terminal } = context;
  const edited = editDaemonJson(await readOptional(daemonJson), { name, isEnabled });
  if (!edited.ok) return refuse(context, `${daemonJson}: ${edited.error.message}`);
  const engine = await findEngine(pidFile);
  if (isEnabled && engine?.argv.some((word) => word.startsWith("--authorization-plugin")) === true)
    return refuse(
      context,
      `the engine was started with --authorization-plugin, and refuses to have that in ${daemonJson} as well; change its command line instead`,
    );
  const { text } = edited.value;
  if (text !== undefined) {
    const backup = await replaceFile(daemonJson, text);
    const kept = backup === undefined ? "" : `; as it was: ${backup}`;
    await terminal.writeOut(
      `${daemonJson} ${isEnabled ? "names" : "does not name"} ${name}${kept}\n`,
    );
  } else await terminal.writeOut(`${daemonJson} says so already\n`);
  if (engine === undefined) {
    await terminal.writeOut(`no engine runs by ${pidFile}; it will read the file when it starts\n`);
    return exitCodes.ok;
  }
  process.kill(engine.pid, "SIGHUP");
  await terminal.writeOut(
    `the engine (pid ${engine.pid}) was told to read it; see: execwarden plugin status\n`,
  );
  return exitCodes.ok;
}

function answerText(answer: Result<unknown, { readonly message: string }>): string {
  return answer.ok ? "answers" : answer.error.message;
}

async function refuse({ terminal }: CommandContext, why: string): Promise<number> {
  await terminal.writeError(`cannot change the engine's plugins: ${why}\n`);
  return exitCodes.checkFailed;
}
