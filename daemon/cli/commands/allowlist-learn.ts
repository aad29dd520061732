// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from "node:timers/promises";
import type { Learned, LearnReport, LearnSession } from "../../model/learning.ts";
import { jsonText } from "../../util/json-text.ts";
import { printableHead } from "../../util/printable-text.ts";
import { clientOf, showFailure } from "../ask.ts";
import type { ControlClient } from "../client.ts";
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
import { isListName, learnedYaml, listNameOf, unlisted } from "../learn/yaml.ts";

/** `execwarden allowlist learn`: a list of programs out of what ran. */
export const allowlistLearn: Command = {
  path: ["allowlist", "learn"],
  summary: "watch what runs in containers of an image, and write an allowlist of it",
  help: `
The daemon watches the containers of the image, also those that start meanwhile, and refuses nothing for it. At the
end, or at Ctrl-C, an allowlist is written that allows just what ran: programs by their path in the image, applets of
busybox one by one, what is not of the image by its digest. Read it before you use it: whoever ran something
strange meanwhile has it on the list. Comments say how often each ran, when, and with which digest.

Examples:
  sudo execwarden allowlist learn --image nginx:1.27 --for 10m --output nginx.yaml
  sudo execwarden allowlist learn --image registry.example.com/web --for 24h --name web | less
  sudo execwarden allowlist learn --image alpine --for 1m --json | jq -r '.learned[].entry'`,
  options: [
    { flags: "--image <image>", description: "which containers, as in the allowlist" },
    { flags: "--for <duration>", description: "how long, 1s to 24h, such as 10m" },
    { flags: "--name <name>", description: "name of the list", defaultText: "from the image" },
    {
      flags: "--output <file>",
      description: "a new file for the allowlist",
      defaultText: "standard output",
    },
    jsonOption,
    socketOption,
  ],
  async run(input, context) {
    const image = optionText(input, "image");
    const duration = optionText(input, "for");
    const name = optionText(input, "name") ?? listNameOf(image ?? "");
    if (image === undefined || duration === undefined)
      return usage(
        context,
        "cannot learn: say of what, and how long: --image nginx:1.27 --for 10m",
      );
    if (!isListName(name))
      return usage(context, `cannot name the list "${name}": a letter, then letters, digits or _`);
    const client = clientOf(input, context);
    // Asked for now, so that Ctrl-C is heard from now on.
    const { interrupted } = context.terminal;
    const begun = await client.post("/v1/allowlist/learn", { image, for: duration });
    if (!begun.ok) return showFailure(begun.error, context);
    const session = JSON.parse(begun.value) as LearnSession;
    const isThere = await watch(session, { client, context, interrupted });
    if (isThere !== undefined) return isThere;
    const ended = await client.post("/v1/allowlist/learned", { session: session.session });
    if (!ended.ok) return showFailure(ended.error, context);
    const report = JSON.parse(ended.value) as LearnSession & Learned;
    return write(report, { name, input, context });
  },
};

async function usage({ terminal }: CommandContext, message: string): Promise<number> {
  await terminal.writeError(`${message}\n`);
  return exitCodes.usage;
}

interface Watch {
  readonly client: ControlClient;
  readonly context: CommandContext;
  readonly interrupted: AbortSignal;
}

const pollMs = 1_000;

/** Shows how far it is until the time is over or somebody interrupts; an exit code where it cannot go on. */
async function watch(
  { session, image, untilMs }: LearnSession,
  { client, context, interrupted }: Watch,
): Promise<number | undefined> {
  const { terminal } = context;
  const shown = printableHead(image, 100);
  await terminal.writeError(`learning what runs in containers of ${shown}; Ctrl-C ends it\n`);
  while (await pause(Math.min(pollMs, untilMs - Date.now()), interrupted)) {
    const answer = await client.get("/v1/allowlist/learn");
    if (!answer.ok) return showFailure(answer.error, context);
    const { sessions } = JSON.parse(answer.value) as { readonly sessions: readonly LearnReport[] };
    const now = sessions.find((report) => report.session === session);
    if (terminal.isErrorTerminal && now !== undefined)
      await terminal.writeError(`\r\x1b[K${progressText(now, untilMs - Date.now())}`);
  }
  if (terminal.isErrorTerminal) await terminal.writeError("\n");
  return undefined;
}

/** False when the time is over, or somebody interrupts. */
async function pause(ms: number, interrupted: AbortSignal): Promise<boolean> {
  if (ms <= 0 || interrupted.aborted) return false;
  // Nothing but the signal ends it before its time.
  return delay(ms, true, { signal: interrupted }).catch(() => false);
}

function progressText(
  { containers, execs, programs, notKept }: LearnReport,
  leftMs: number,
): string {
  const lost = notKept === 0 ? "" : `, ${notKept} NOT KEPT`;
  const left = Math.max(0, Math.ceil(leftMs / 1000));
  return `${containers} containers, ${execs} execs, ${programs} programs${lost}; ${left} s left`;
}

interface Ending {
  readonly name: string;
  readonly input: CommandInput;
  readonly context: CommandContext;
}

async function write(
  report: LearnSession & Learned,
  { name, input, context }: Ending,
): Promise<number> {
  const { terminal } = context;
  const left = unlisted(report).length;
  if (left > 0)
    await terminal.writeError(
      `${left} of the programs that ran cannot be listed: see the comments\n`,
    );
  if (report.notKept > 0)
    await terminal.writeError(`${report.notKept} execs of further programs are left out\n`);
  const isJson = isOptionSet(input, "json");
  if (report.learned.length === 0 && !isJson) {
    const image = printableHead(report.image, 100);
    await terminal.writeError(
      `cannot write a list: nothing ran in containers of ${image}; see execwarden containers\n`,
    );
    return exitCodes.checkFailed;
  }
  const yaml = learnedYaml(report, name, Math.min(Date.now(), report.untilMs));
  const output = optionText(input, "output");
  if (isJson) await terminal.writeOut(`${jsonText(report)}\n`);
  if (output === undefined) {
    if (!isJson) await terminal.writeOut(yaml);
    return exitCodes.ok;
  }
  try {
    await context.createFile(output, yaml);
  } catch (error) {
    // What was learned in an hour is not thrown away for a name.
    const reason = error instanceof Error ? error.message : String(error);
    await terminal.writeError(`cannot write "${output}": ${reason}; here it is instead\n`);
    await terminal.writeOut(yaml);
    return exitCodes.checkFailed;
  }
  await terminal.writeError(
    `wrote "${output}": put it into allowlist.yaml, then execwarden policy check and reload\n`,
  );
  return exitCodes.ok;
}
