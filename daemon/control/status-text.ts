// SPDX-License-Identifier: Apache-2.0
import { furtherListeners, listenerText } from "../model/listener-text.ts";
import type { OutputCounters } from "../model/ports.ts";
import type { GuardedSuperblock, Status, WitnessStatus } from "../model/status.ts";
import { printableHead } from "../util/printable-text.ts";

/** Few enough that all of it fits on one screen. */
const superblocksShownMax = 8;
const blindShownMax = 3;
const labelWidth = 12;

/** The daemon's state as a person wants to read it, one labelled line per subject. */
export function statusText(status: Status, nowMs: number): string {
  const { gate, engine, actions } = status;
  const lines: readonly (readonly [label: string, text: string])[] = [
    [
      "execwarden",
      `${status.version}, pid ${status.pid}, up ${durationText(nowMs - status.startedMs)}`,
    ],
    ["mode", modeTexts[status.mode]],
    ...pausedLine(status.enforcement),
    ["generation", generationText(status, nowMs)],
    ["engine", engineText(engine)],
    ["containers", containersText(status)],
    ...imagesLine(status),
    ["gate", gateText(status)],
    ["execs", execsText(status)],
    ["losses", lossesText(status)],
    ...blindLines(status.blind),
    ...unguardedLine(status.unguarded),
    ["floods", floodsText(status.floods)],
    ["witness", witnessText(status.witness)],
    ["rules", `${status.rules.enabled} enabled of ${status.rules.loaded}`],
    ["policies", String(status.policies)],
    ["alerts", String(status.alerts)],
    ["actions", actionsText(actions)],
    ["plugin", pluginText(status.plugin, nowMs)],
    ...furtherListeners(status.plugin.listeners).map((one): Line => [
      "listener",
      printableHead(`the engine takes requests at ${listenerText(one)}`, 400),
    ]),
    ...Object.entries(status.outputs).map(([name, counters]) => outputLine(name, counters)),
    ["socket", countsText(status.control)],
    ...gate.superblocks.slice(0, superblocksShownMax).map(superblockLine),
    ...leftOutLine(gate.superblocks.length - superblocksShownMax),
  ];
  return lines.map(([label, text]) => `${label.padEnd(labelWidth)}${text}\n`).join("");
}

const modeTexts = {
  monitor: "monitor: nothing is enforced, alerts say what would have been done",
  enforce: "enforce: policies do what their own mode says",
} as const satisfies Record<Status["mode"], string>;

function pausedLine({ isPaused, by, untilMs = 0, reason }: Status["enforcement"]): Line[] {
  if (!isPaused) return [];
  const why = reason === undefined ? "" : `: ${reason}`;
  const until = new Date(untilMs).toISOString();
  return [
    ["PAUSED", printableHead(`nothing is enforced until ${until}, by ${by ?? ""}${why}`, 400)],
  ];
}

function imagesLine({ images }: Status): Line[] {
  if (images === undefined) return [];
  const { listed, files, incomplete, skipped, hashed = 0, unknown = 0 } = images;
  const { waiting, fromContainers, failed, refused, forgotten, dropped } = images;
  const lacks = incomplete === 0 ? "" : `, ${incomplete} not completely (${someOf(skipped)})`;
  const rest = someOf({ waiting, fromContainers, failed, refused, forgotten, dropped });
  const contents = `${hashed} files hashed, ${unknown} not in time`;
  const lists = `${files} executables of ${listed} listed${lacks}`;
  return [["images", [lists, rest, contents].filter((text) => text !== "").join("; ")]];
}

/** What there is none of is left out. */
function someOf(counters: object): string {
  const entries = Object.entries(counters).filter(([, count]) => count !== 0);
  return countsText(Object.fromEntries(entries));
}

type Line = readonly [label: string, text: string];

function generationText({ generation, lastReload }: Status, nowMs: number): string {
  const age = (atMs: number): string => `${durationText(nowMs - atMs)} ago`;
  const inForce = `${generation.number}, in force for ${durationText(nowMs - generation.sinceMs)}`;
  if (lastReload === undefined) return inForce;
  const { result, by, atMs, needsRestart, reason, faults } = lastReload;
  const first = faults.find(({ severity }) => severity === "error");
  const at =
    first?.file === undefined ? "" : `${first.file}:${first.line ?? 1}:${first.column ?? 1}: `;
  const why = result === "done" ? "" : `: ${reason ?? `${at}${first?.message ?? ""}`}`;
  const last = result === "done" ? "reloaded" : "RELOAD REFUSED";
  const restart = needsRestart.length === 0 ? "" : `; takes a restart: ${needsRestart.join(", ")}`;
  return printableHead(`${inForce}; ${last} ${age(atMs)} by ${by}${why}${restart}`, 500);
}

function pluginText(plugin: Status["plugin"], nowMs: number): string {
  const { isAsked, lastAskedMs, asked, refused, failures, onFailure } = plugin;
  // Most hosts do without it.
  if (asked === 0)
    return "not set up: requests at the engine's API are not judged; see: execwarden plugin enable --help";
  const state = isAsked ? "the engine asks us" : "the engine does NOT ask us any more";
  const last = lastAskedMs === undefined ? "" : `, last ${durationText(nowMs - lastAskedMs)} ago`;
  const failed = failures === 0 ? "" : `, ${failures} NOT JUDGED (${onFailure})`;
  return `${state}: ${asked} requests${last}, ${refused} refused${failed}`;
}

function engineText(status: Status["engine"]): string {
  const { isConnected, address, engine, reconnects, eventsLost, blind } = status;
  const state = isConnected ? "connected to" : "NOT CONNECTED to";
  const version =
    engine === undefined ? "" : `, Docker ${engine.version} (API ${engine.apiVersion})`;
  const again = reconnects === 0 ? "" : `, ${reconnects} reconnects`;
  const lost = eventsLost === 0 ? "" : `, ${eventsLost} EVENTS LOST`;
  const unseen =
    blind === undefined ? "" : `, blind from ${isoTime(blind.fromMs)} to ${isoTime(blind.toMs)}`;
  return printableHead(`${state} ${address}${version}${again}${lost}${unseen}`, 400);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

function containersText({ containers, guarded }: Status): string {
  const { observe, enforce, unsettled } = guarded;
  const first = unsettled === 0 ? "" : `, ${unsettled} before their first exec, which is held`;
  return `${containers}: execs observed in ${observe}, held in ${enforce}${first}`;
}

/** The last few times in which something may have gone unseen. */
function blindLines(times: Status["blind"]): readonly Line[] {
  if (times.length === 0) return [["blind", "never since the daemon started"]];
  const shown = times.slice(-blindShownMax).map(({ what, fromMs, toMs, reason }): Line => {
    const until =
      toMs === undefined ? `since ${isoTime(fromMs)}` : `${isoTime(fromMs)} to ${isoTime(toMs)}`;
    return [toMs === undefined ? "BLIND" : "blind", `${until}, ${blindTexts[what]}: ${reason}`];
  });
  const left = times.length - shown.length;
  return left === 0 ? shown : [...shown, ["", `… ${left} earlier times: see --json`]];
}

const blindTexts = {
  execs: "to execs",
  engine: "to the engine's events",
} as const satisfies Record<Status["blind"][number]["what"], string>;

/** What is left of the time that the first blind line tells of; what had ended by then nobody knows. */
function unguardedLine(unguarded: Status["unguarded"]): readonly Line[] {
  if (unguarded === undefined) return [];
  const { found, ...counters } = unguarded;
  const rest = found === 0 ? "none still ran" : `${found} still ran`;
  const more = someOf(counters);
  return [["unguarded", `programs started before this daemon: ${rest}${more && `; ${more}`}`]];
}

function floodsText({ floods, suppressed, active }: Status["floods"]): string {
  if (floods === 0) return "none";
  const now = active.map(
    ({ container, execs, suppressed: repeats }) =>
      `${container} (execs ${execs}, repeats ${repeats})`,
  );
  const lasting = now.length === 0 ? "none now" : `NOW in ${now.join(", ")}`;
  const alerts = `${suppressed} alerts that repeated others were counted and not sent`;
  return printableHead(`${floods} since the start; ${alerts}; ${lasting}`, 400);
}

function gateText({ gate }: Status): string {
  const { isRunning, isDetectOnly, superblocks, namespaces, deadlineMs, onDeadline } = gate;
  if (!isRunning) return "NOT RUNNING: no exec is seen";
  if (isDetectOnly === true) return detectOnlyText;
  const held = superblocks.filter(({ mode }) => mode === "enforce").length;
  return `guards ${superblocks.length} file systems in ${namespaces} mount namespaces, holds execs on ${held}; after ${deadlineMs} ms: ${onDeadline}`;
}

const detectOnlyText =
  "DETECT-ONLY: the kernel has no permission events; the witness alone sees execs, and none can be refused: boot a kernel with CONFIG_FANOTIFY_ACCESS_PERMISSIONS";

function execsText({ gate: { counters } }: Status): string {
  const { seen, allowed, denied, waiting } = counters;
  return countsText({ seen, allowed, denied, waiting });
}

/** Every counter that is no plain answer: all of them should stay at nothing. */
function lossesText({ gate: { counters } }: Status): string {
  const { seen, allowed, denied, waiting, ...losses } = counters;
  const entries = Object.entries(losses).filter(([, count]) => count > 0);
  return entries.length === 0 ? "none" : countsText(Object.fromEntries(entries));
}

/** What is always told, and of the rest what there is. */
function actionsText({ done, failed, suppressed, ...more }: Status["actions"]): string {
  const others = Object.entries(more).filter(([, count]) => count > 0);
  return countsText({ done, failed, suppressed, ...Object.fromEntries(others) });
}

const roleTexts = {
  owner: "owns the audit stream",
  listener: "listens to the audit stream",
  none: "NOT SEEING",
} as const satisfies Record<WitnessStatus["role"], string>;

function witnessText(witness: WitnessStatus | undefined): string {
  if (witness === undefined) return "off: what the gate cannot see is not seen";
  const { mode, role, ownerPid, problem, rules, rulesFailed, records, second } = witness;
  const { lost, overruns, kernelLost } = witness;
  const owner = role === "listener" ? ` of process ${ownerPid ?? 0}` : "";
  const reason = problem === undefined ? "" : `: ${problem}`;
  const losses = countsText({ lost, overruns, kernelLost });
  const found = nonzero({ ...second?.join, ...second?.argvCheck });
  return printableHead(
    `${mode}, ${roleTexts[role]}${owner}${reason}; ${countsText({ rules, rulesFailed, records })}, ${losses}${found}`,
    600,
  );
}

function nonzero(counters: Readonly<Record<string, number>>): string {
  const text = someOf(counters);
  return text === "" ? "" : `; ${text}`;
}

/** `deadlines missed 0, lost 2` from `{ deadlinesMissed: 0, lost: 2 }`. */
function countsText(counters: object): string {
  const entries: [string, unknown][] = Object.entries(counters);
  return entries.map(([name, count]) => `${wordsOf(name)} ${String(count)}`).join(", ");
}

function wordsOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}

function outputLine(name: string, counters: OutputCounters): readonly [string, string] {
  return ["output", `${printableHead(name, 64)}: ${countsText(counters)}`];
}

function superblockLine(superblock: GuardedSuperblock): readonly [string, string] {
  const { device, mode, containers } = superblock;
  const names = containers.map((name) => printableHead(name, 64)).join(", ");
  return [mode, `${device}  ${names}`];
}

function leftOutLine(count: number): readonly (readonly [string, string])[] {
  return count <= 0 ? [] : [["", `… ${count} more file systems: see execwarden containers`]];
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s`, `6 s`. */
function durationText(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts: readonly (readonly [count: number, unit: string])[] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(" ");
}
