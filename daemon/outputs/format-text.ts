// SPDX-License-Identifier: Apache-2.0
import type { Alert, AlertProcess, AlertSubject, Priority } from "../model/alert.ts";
import type { Container } from "../model/container.ts";
import { terminalName } from "../model/docker-client.ts";
import type { RequestFacts } from "../model/docker-request.ts";
import type { EngineFacts } from "../model/engine-event.ts";
import { printableHead } from "../util/printable-text.ts";
import { localClockTime } from "./event-time.ts";
import { outcomeText } from "./outcome-text.ts";
import { createPaint, type Paint, type Tone } from "./paint.ts";

const nameLengthMax = 128;
const commandLengthMax = 600;
const outputLengthMax = 1000;
/** Ancestors shown on each side of what is left out of a long chain. */
const ancestorsShownMax = 8;
const labelWidth = 11;

const tones = {
  Emergency: "red",
  Alert: "red",
  Critical: "red",
  Error: "red",
  Warning: "yellow",
  Notice: "blue",
  Informational: "blue",
  Debug: "faint",
} as const satisfies Record<Priority, Tone>;

/**
 * An alert as a person wants to read it: a headline with what was done, then one labelled line per fact, and an
 * empty line at the end. Everything that came from outside is made printable and cut.
 */
export function formatText(alert: Alert, options: { readonly hasColor: boolean }): string {
  const paint = createPaint(options.hasColor);
  const rows: (readonly [label: string, value: string] | undefined)[] = [
    ["output", printableHead(alert.output, outputLengthMax)],
    ...programRows(alert.process, paint),
    ...engineEventRows(alert.engineEvent, paint),
    ...requestRows(alert.dockerRequest, paint),
    ...clientRows(alert),
    ...containerRows(alert),
    ...(alert.process === undefined ? [] : personRows(alert.process, alert.ancestors)),
    ...policyRows(alert),
    ...detailRows(alert),
    ...undoRow(alert),
    ["host", hostText(alert)],
  ];
  const lines = rows.flatMap((row) =>
    row === undefined ? [] : [`  ${paint("faint", row[0].padEnd(labelWidth))}${row[1]}`],
  );
  return `${[headline(alert, paint), ...lines].join("\n")}\n\n`;
}

/** `03:04:05.678  Informational  Run Web Fetch Program in Container  DENIED` */
function headline(alert: Alert, paint: Paint): string {
  const time = localClockTime(alert.timeNs).slice(0, -6);
  const outcomes = alert.outcomes.map(outcomeText);
  const done = outcomes.map(({ tone, words }) => paint(tone, words)).join(", ");
  return [
    paint("faint", time),
    paint(tones[alert.priority], alert.priority),
    paint("strong", printableHead(alert.rule, nameLengthMax)),
    ...(done === "" ? [] : [done]),
  ].join("  ");
}

function programRows(
  process: AlertSubject | undefined,
  paint: Paint,
): (readonly [string, string])[] {
  if (process === undefined) return [];
  return [
    ["command", paint("strong", printableHead(process.cmdline, commandLengthMax))],
    ["program", programText(process)],
  ];
}

function requestRows(
  request: RequestFacts | undefined,
  paint: Paint,
): (readonly [string, string])[] {
  if (request === undefined) return [];
  const { action, method, uri, argv } = request;
  const rows: (readonly [string, string])[] = [
    [
      "request",
      `${paint("strong", printableHead(action, 100))}  ${method} ${printableHead(uri, 300)}`,
    ],
  ];
  if (argv.length > 0) rows.push(["command", printableHead(argv.join(" "), commandLengthMax)]);
  return rows;
}

/** `alice  docker exec -it web sh  pid 812 on pts/3, sshd: alice@pts/3 (exact)` */
function clientRows({ client }: Alert): (readonly [string, string])[] {
  if (client === undefined) return [];
  const { confidence, pid, uid, user, tty, cmdline, ssh } = client;
  const terminal = terminalName(tty);
  const where = [
    `pid ${pid}${terminal === undefined ? "" : ` on ${terminal}`}`,
    ...(ssh === undefined ? [] : [printableHead(ssh, 100)]),
  ];
  const who = printableHead(user ?? `uid ${uid}`, 64);
  const command = printableHead(cmdline, commandLengthMax);
  return [["client", `${who}  ${command}  ${where.join(", ")} (${confidence})`]];
}

function engineEventRows(
  facts: EngineFacts | undefined,
  paint: Paint,
): (readonly [string, string])[] {
  if (facts === undefined) return [];
  const what = `${facts.type} ${facts.action}`;
  const more = facts.execCommand ?? facts.name ?? facts.actorId;
  return [
    [
      "event",
      `${paint("strong", printableHead(what, 100))}  ${printableHead(more, commandLengthMax)}`,
    ],
  ];
}

function personRows(
  process: AlertSubject,
  ancestors: readonly AlertProcess[],
): (readonly [string, string])[] {
  return [
    ["ancestry", ancestryText([process, ...ancestors])],
    ["user", userText(process)],
  ];
}

function programText(process: AlertSubject): string {
  const where = process.cwd === undefined ? "" : ` in ${printableHead(process.cwd, 200)}`;
  const tty = process.tty === 0 ? "" : ", on a terminal";
  return `${printableHead(process.exepath, 300)}  pid ${process.pid} (${process.vpid} in the container)${where}${tty}`;
}

function containerRows({ container, process }: Alert): (readonly [string, string])[] {
  // Images, networks, plugins and the daemon itself have none.
  if (container === undefined) {
    return process === undefined ? [] : [["container", "unknown to the engine"]];
  }
  const { image } = container;
  const facts = [
    printableHead(container.name, nameLengthMax),
    container.id.slice(0, 12),
    ...(container.isPrivileged ? ["privileged"] : []),
  ];
  const rows: (readonly [string, string])[] = [
    ["image", [printableHead(image.reference, 300), image.digest ?? image.id].join("  ")],
    ["container", facts.join("  ")],
  ];
  const part = orchestrationText(container);
  return part === undefined ? rows : [...rows, part];
}

function orchestrationText(container: Container): readonly [string, string] | undefined {
  const { compose, swarm, kubernetes } = container;
  if (kubernetes !== undefined) {
    const { namespace, pod, container: name } = kubernetes;
    return ["kubernetes", joined([namespace, pod, name])];
  }
  if (swarm !== undefined) return ["swarm", joined([swarm.service, swarm.task])];
  if (compose !== undefined) return ["compose", joined([compose.project, compose.service])];
  return undefined;
}

function joined(names: readonly (string | undefined)[]): string {
  const known = names.filter((name) => name !== undefined);
  return known.map((name) => printableHead(name, nameLengthMax)).join(" / ");
}

/** `init (1) → sh (14) → curl (27)`: oldest first, pids as on the host. */
function ancestryText(chain: readonly AlertProcess[]): string {
  const shown = chain.map(({ name, pid }) => `${printableHead(name, 32)} (${pid})`).reverse();
  if (shown.length <= 2 * ancestorsShownMax) return shown.join(" → ");
  const head = shown.slice(0, ancestorsShownMax);
  const tail = shown.slice(-ancestorsShownMax);
  return [...head, `… ${shown.length - head.length - tail.length} more …`, ...tail].join(" → ");
}

function userText(process: AlertSubject): string {
  const user = process.user === undefined ? "" : `${printableHead(process.user, 64)} `;
  const group = process.group === undefined ? "" : ` ${printableHead(process.group, 64)}`;
  const text = `${user}(uid ${process.uid}, gid ${process.gid}${group})`;
  if (process.loginuid === undefined) return text;
  const login = process.loginUser === undefined ? "" : `${printableHead(process.loginUser, 64)} `;
  return `${text}, logged in as ${login}(uid ${process.loginuid})`;
}

function policyRows({ policies }: Alert): (readonly [string, string])[] {
  return policies.map(({ name, severity, mode, runbook }) => {
    const facts = [printableHead(name, nameLengthMax), `severity ${severity}`, mode];
    return [
      "policy",
      [...facts, ...(runbook === undefined ? [] : [printableHead(runbook, 300)])].join("  "),
    ];
  });
}

/** Only what needs explaining: why something was not done, or how it went. */
function detailRows({ outcomes }: Alert): (readonly [string, string])[] {
  return outcomes.map(outcomeText).flatMap(({ words, detail }) => {
    return detail === undefined ? [] : [["action", `${words}: ${detail}`]];
  });
}

/** How to take back what can be taken back. */
function undoRow({ uuid, outcomes }: Alert): (readonly [string, string])[] {
  const isUndoable = outcomes.some(({ undo }) => undo !== undefined);
  return isUndoable ? [["undo", `execwarden undo ${uuid}`]] : [];
}

function hostText({ host, engine }: Alert): string {
  const name = printableHead(host.hostname, nameLengthMax);
  const kernel = `Linux ${printableHead(host.kernel, 64)}`;
  if (engine === undefined) return `${name}  ${kernel}`;
  return `${name}  ${kernel}  Docker ${printableHead(engine.version, 32)}`;
}
