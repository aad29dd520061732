// SPDX-License-Identifier: Apache-2.0
import type { Event } from "../../model/event.ts";
import { eventOfAlert } from "../../rules/alert-event.ts";
import { renderDiagnostics } from "../../text/render.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableHead } from "../../util/printable-text.ts";
import { err, ok, type Result } from "../../util/result.ts";
import { alertSchema } from "../answers.ts";
import { clientOf, showFailure } from "../ask.ts";
import {
  type Command,
  type CommandContext,
  type CommandInput,
  isOptionSet,
  jsonOption,
  optionText,
  socketOption,
} from "../command.ts";
import { configOption } from "../configured.ts";
import { exitCodes } from "../exit-codes.ts";
import { explainEvent } from "../explain/explain.ts";
import { imagineExec } from "../explain/imagine.ts";
import {
  explainRemaining,
  remainingText,
  surroundingsOfDaemon,
  surroundingsOfFiles,
} from "../explain/remaining.ts";
import { explanationText } from "../explain/text.ts";
import { type Judgement, judgementOfDaemon, judgementOfFiles } from "../judgement.ts";

/** `execwarden policy explain`: which rules match an exec and why, and what policies would do. */
export const policyExplain: Command = {
  path: ["policy", "explain"],
  summary: "say which rules match an exec and why, which policies apply, and what would be done",
  help: `
Explains an alert of the daemon by its uuid, or an exec that nobody made: --image and --cmd. It is judged by
what the daemon has in force, or, with --offline or --config, by the files, without a daemon. Limits
(cooldown, max_actions_per_minute) count from nothing. Of an alert, what it does not carry (environment,
the file's inode, capabilities) has no value, and argv is its command line cut at blanks.

With --policy: which classes of docs/bypasses.md it denies, kills, only detects, or does not reach, by its rules,
actions and mode, and by the witness and gate as they are.

Examples:
  execwarden policy explain --policy 'Web fetch in containers'
  execwarden policy explain 8a1f5a0e-6d2c-4a66-9d0b-1a2b3c4d5e6f
  execwarden policy explain --image nginx:1.27 --cmd 'curl -s http://x' --label com.example.team=web
  execwarden policy explain --offline --image alpine --cmd 'wget x' --path /bin/busybox --user nobody
  execwarden policy explain --offline --image alpine --cmd id --rule 'Run Web Fetch Program in Container'`,
  arguments: { name: "alert", description: "uuid of an alert" },
  options: [
    { flags: "--image <image>", description: "image of an imagined container" },
    { flags: "--cmd <command>", description: "command line of an imagined exec" },
    { flags: "--path <path>", description: "its program's path", defaultText: "/usr/bin/NAME" },
    { flags: "--name <name>", description: "the container's name", defaultText: "imagined" },
    {
      flags: "--label <labels>",
      description: "key=value of the container; commas between several",
    },
    { flags: "--user <user>", description: "name or number of the user", defaultText: "root" },
    { flags: "--rule <name>", description: "explain this rule too, also where it does not match" },
    {
      flags: "--policy <name>",
      description: "which known ways around this policy leaves, instead of an exec",
    },
    { flags: "--offline", description: "judge by the files of the configuration" },
    configOption,
    jsonOption,
    socketOption,
  ],
  async run(input, context) {
    const { terminal } = context;
    const policyName = optionText(input, "policy");
    if (policyName !== undefined) return explainPolicy(policyName, input, context);
    const event = await eventOf(input, context);
    if (typeof event === "number") return event;
    const judgement = await judgementOf(input, context);
    if (typeof judgement === "number") return judgement;
    const rule = optionText(input, "rule");
    if (rule !== undefined && !judgement.ruleset.rules.some(({ name }) => name === rule)) {
      await terminal.writeError(`cannot find rule "${rule}" in ${judgement.origin}\n`);
      return exitCodes.usage;
    }
    const explanation = explainEvent(event, judgement, rule);
    await terminal.writeOut(
      isOptionSet(input, "json")
        ? `${jsonText(plain(explanation))}\n`
        : explanationText(explanation, terminal.hasColor),
    );
    return exitCodes.ok;
  },
};

async function explainPolicy(
  name: string,
  input: CommandInput,
  context: CommandContext,
): Promise<number> {
  const { terminal } = context;
  const judgement = await judgementOf(input, context);
  if (typeof judgement === "number") return judgement;
  const policy = judgement.policies.find(({ info }) => info.name === name);
  if (policy === undefined) {
    const names = judgement.policies.map(({ info }) => `"${info.name}"`).join(", ");
    const there = names === "" ? "there are none" : `there are ${names}`;
    await terminal.writeError(
      `cannot find policy "${name}" in ${judgement.origin}: ${printableHead(there, 500)}\n`,
    );
    return exitCodes.usage;
  }
  const isOffline = isOptionSet(input, "offline") || optionText(input, "config") !== undefined;
  const around = isOffline
    ? ok(await surroundingsOfFiles(input, context))
    : await surroundingsOfDaemon(input, context);
  if (!around.ok) return showFailure(around.error, context);
  const remaining = explainRemaining(policy, judgement, around.value);
  await terminal.writeOut(
    isOptionSet(input, "json") ? `${jsonText(remaining)}\n` : remainingText(remaining),
  );
  return exitCodes.ok;
}

/** The event to explain, or the exit code when there is none. */
async function eventOf(input: CommandInput, context: CommandContext): Promise<Event | number> {
  const [uuid, ...more] = input.arguments;
  const image = optionText(input, "image");
  const command = optionText(input, "cmd");
  if (uuid !== undefined && more.length === 0 && image === undefined && command === undefined) {
    return eventOfUuid(uuid, input, context);
  }
  const imagined = uuid === undefined ? imaginedOf(input) : err(new Error(tooMuch));
  if (imagined.ok) return imagined.value;
  await context.terminal.writeError(`${imagined.error.message}\n`);
  return exitCodes.usage;
}

const tooMuch = "cannot explain several things: give one alert, or --image and --cmd";
const tooLittle = "cannot explain nothing: give an alert's uuid, or both --image and --cmd";

function imaginedOf(input: CommandInput): Result<Event> {
  const image = optionText(input, "image");
  const command = optionText(input, "cmd");
  if (image === undefined || command === undefined) return err(new Error(tooLittle));
  const exec = {
    ...{ image, command },
    path: optionText(input, "path"),
    name: optionText(input, "name"),
    labels: optionText(input, "label")?.split(",") ?? [],
    user: optionText(input, "user"),
  };
  return imagineExec(exec, BigInt(Date.now()) * 1_000_000n);
}

async function eventOfUuid(
  uuid: string,
  input: CommandInput,
  context: CommandContext,
): Promise<Event | number> {
  const { terminal } = context;
  if (!/^[0-9a-f-]{36}$/i.test(uuid)) {
    await terminal.writeError(`cannot read "${uuid}": expected an alert's uuid\n`);
    return exitCodes.usage;
  }
  const query = new URLSearchParams({ filter: `alert.uuid = "${uuid.toLowerCase()}"` }).toString();
  const answer = await clientOf(input, context).get(`/v1/events?${query}`);
  if (!answer.ok) return showFailure(answer.error, context);
  const [line = ""] = answer.value.split("\n");
  if (line === "") {
    const hint =
      "the daemon keeps the last 1000: see execwarden events --fields alert.uuid,alert.rule";
    await terminal.writeError(`cannot find alert "${uuid}"; ${hint}\n`);
    return exitCodes.refused;
  }
  const alert = alertSchema.safeParse(JSON.parse(line));
  if (alert.success) return eventOfAlert(alert.data);
  await terminal.writeError(
    `cannot explain alert "${uuid}": only alerts about execs are explained\n`,
  );
  return exitCodes.refused;
}

async function judgementOf(
  input: CommandInput,
  context: CommandContext,
): Promise<Judgement | number> {
  if (!isOptionSet(input, "offline") && optionText(input, "config") === undefined) {
    const judgement = await judgementOfDaemon(input, context);
    if (judgement.ok) return judgement.value;
    const code = await showFailure(judgement.error, context);
    await context.terminal.writeError("without a daemon, use --offline\n");
    return code;
  }
  const { judgement, diagnostics } = await judgementOfFiles(input, context);
  if (judgement !== undefined) return judgement;
  await context.terminal.writeError(renderDiagnostics(diagnostics));
  return exitCodes.checkFailed;
}

/** JSON knows no functions: of a rule its name, of a macro's text nothing but its name. */
function plain({ rules, ...rest }: ReturnType<typeof explainEvent>): object {
  return {
    ...rest,
    rules: rules.map(({ rule, explanation, ...more }) => ({
      rule: rule.name,
      priority: rule.priority,
      ...more,
      explanation: explanation === undefined ? undefined : plainPart(explanation),
    })),
  };
}

type Part = NonNullable<ReturnType<typeof explainEvent>["rules"][number]["explanation"]>;

function plainPart(part: Part): object {
  const { kind, holds } = part;
  switch (part.kind) {
    case "check":
      return { kind, holds, text: part.text, operands: part.operands };
    case "not":
      return { kind, holds, part: plainPart(part.part) };
    case "macro":
      return { kind, holds, name: part.name, part: plainPart(part.part) };
    case "and":
    case "or":
      return { kind, holds, parts: part.parts.map(plainPart) };
  }
}
