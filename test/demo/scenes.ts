// SPDX-License-Identifier: Apache-2.0
import { images } from "../support/images.ts";
import type { DaemonSetup, Stage } from "./stage.ts";

/** What came of a scene. */
export interface SceneResult {
  readonly holds: boolean;
  /** In a few words, beside what was expected. */
  readonly seen: string;
}

/** One thing to show. */
export interface Scene {
  readonly name: string;
  readonly title: string;
  /** How the daemon is set up, in words. */
  readonly detail: string;
  readonly expected: string;
  readonly setup: DaemonSetup;
  readonly play: (stage: Stage) => Promise<SceneResult>;
}

const run = ["run", "--rm", "--network", "host"] as const;
/** curl without its progress meter, but with its errors. */
const quiet = "-sS";
const otherImage = "stranger/curl";

/** All scenes, in the order in which they are played. */
export const scenes: readonly Scene[] = [
  {
    name: "monitor",
    title: "Monitor: curl runs, and there is a policy event",
    detail: "As shipped: rules/web-fetch.yaml, an empty allowlist, every policy in monitor mode.",
    expected: "curl runs, event",
    setup: { mode: "monitor" },
    play: playMonitor,
  },
  {
    name: "allowlist",
    title: "The image is on the allowlist: no event",
    detail: `allowlist.yaml says  web_fetch: { images: [${images.curl}] }  and does not name ${otherImage}, which holds the same program.`,
    expected: "curl runs, no event; another image: event",
    setup: {
      mode: "monitor",
      allowlist: `allowlists:\n  web_fetch:\n    images: [${images.curl}]\n`,
    },
    play: playAllowlist,
  },
  {
    name: "deny",
    title: "Deny: curl never starts",
    detail: "The policy says  mode: enforce, actions: [deny]  and so does the daemon's mode.",
    expected: "curl never starts, event says DENIED",
    setup: enforcing("deny"),
    play: playDeny,
  },
  {
    name: "pause",
    title: "Pause: the container stands still, ready to be looked at",
    detail: "The policy says  actions: [{ pause: container }]. The page at /slow takes a minute.",
    expected: "container paused, event says so",
    setup: enforcing("pause: container"),
    play: playPause,
  },
  {
    name: "kill",
    title: "Kill: the container is ended",
    detail: "The policy says  actions: [{ kill: container }]. The page at /slow takes a minute.",
    expected: "container killed (137), event says so",
    setup: enforcing("kill: container"),
    play: playKill,
  },
  {
    name: "door",
    title: "The door: docker run is refused before anything is made",
    detail: `The engine asks execwarden about each request. allowlist.yaml names other images than ${images.curl}.`,
    expected: "docker run refused, message names the policy, event says DENIED",
    setup: {
      mode: "enforce",
      allowlist: "allowlists:\n  images:\n    images: [registry.example.com/approved/*]\n",
      policies: `policies:
  - name: Images from the allowlist only
    description: Containers on this host are made of images from its allowlist.
    severity: high
    rules: [Create Container from Unlisted Image]
    mode: enforce
    actions: [deny]
`,
    },
    play: playDoor,
  },
];

function enforcing(action: string): DaemonSetup {
  return {
    mode: "enforce",
    policies: `policies:
  - name: No web fetch
    description: Programs that fetch from the web belong in build images only.
    severity: high
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions:
      - ${action}
`,
  };
}

async function playMonitor(stage: Stage): Promise<SceneResult> {
  const web = await stage.web;
  const before = web.requests;
  const { code } = await stage.docker(...run, images.curl, quiet, `${web.origin}/`);
  const event = await stage.event();
  const served = web.requests - before;
  return {
    holds: code === 0 && served === 1 && isAbout(event, images.curl) && says(event, "would deny"),
    seen: `${endOf(code)}, ${servedText(served)}, ${eventText(event)}`,
  };
}

async function playAllowlist(stage: Stage): Promise<SceneResult> {
  const web = await stage.web;
  await stage.dockerQuietly("tag", images.curl, otherImage);
  const before = await stage.execsSeen();
  const allowed = await stage.docker(...run, images.curl, quiet, `${web.origin}/`);
  const isSeen = (await stage.execsSeen()) > before;
  // The daemon judges in order: had the first run made an event, it would come before this one's.
  const other = await stage.docker(...run, otherImage, quiet, `${web.origin}/`);
  const event = await stage.event();
  return {
    holds: allowed.code === 0 && other.code === 0 && isSeen && isAbout(event, otherImage),
    seen: `${endOf(allowed.code)}${isSeen ? "" : " UNSEEN"}, ${isAbout(event, images.curl) ? "EVENT" : "no event"}; ${otherImage}: ${eventText(event)}`,
  };
}

async function playDeny(stage: Stage): Promise<SceneResult> {
  const web = await stage.web;
  const before = web.requests;
  const { code, stderr } = await stage.docker(...run, images.curl, quiet, `${web.origin}/`);
  const event = await stage.event();
  const served = web.requests - before;
  const isRefused = stderr.includes("operation not permitted");
  return {
    holds: code !== 0 && isRefused && served === 0 && says(event, "DENIED"),
    seen: `${isRefused ? "operation not permitted" : endOf(code)}, ${servedText(served)}, ${eventText(event)}`,
  };
}

async function playPause(stage: Stage): Promise<SceneResult> {
  const web = await stage.web;
  const fetch = ["--network", "host", images.curl, quiet, `${web.origin}/slow`];
  await stage.docker("run", "--detach", "--name", "fetcher", ...fetch);
  const event = await stage.event();
  const state = await stage.docker("inspect", "--format", "{{.State.Status}}", "fetcher");
  await stage.dockerQuietly("rm", "--force", "fetcher");
  return {
    holds: state.stdout.trim() === "paused" && says(event, "paused"),
    seen: `container ${state.stdout.trim()}, ${eventText(event)}`,
  };
}

async function playKill(stage: Stage): Promise<SceneResult> {
  const web = await stage.web;
  const fetch = ["--network", "host", images.curl, quiet, `${web.origin}/slow`];
  await stage.docker("run", "--name", "fetcher", ...fetch);
  const event = await stage.event();
  const format = "{{.State.Status}} {{.State.ExitCode}}";
  const state = await stage.docker("inspect", "--format", format, "fetcher");
  await stage.dockerQuietly("rm", "--force", "fetcher");
  return {
    holds: state.stdout.trim() === "exited 137" && says(event, "container killed"),
    seen: `container ${state.stdout.trim()}, ${eventText(event)}`,
  };
}

async function playDoor(stage: Stage): Promise<SceneResult> {
  await stage.setDoor(true);
  const { code, stderr } = await stage.docker(...run, images.curl, quiet, "http://127.0.0.1/");
  const event = await stage.event();
  await stage.setDoor(false);
  const isRefused =
    stderr.includes('refused by the policy "Images from the allowlist only"') &&
    stderr.includes("ask who runs execwarden here");
  return {
    holds: code !== 0 && isRefused && isAbout(event, images.curl) && says(event, "DENIED"),
    seen: `${isRefused ? "refused, with the policy and what to do" : endOf(code)}, ${eventText(event)}`,
  };
}

/** An event names its image on a line of its own, and what was done at the end of its first line. */
function isAbout(event: string, image: string): boolean {
  return event.split("\n").some((line) => line.trim().startsWith("image ") && line.includes(image));
}

function says(event: string, words: string): boolean {
  return headlineOf(event).endsWith(`  ${words}`);
}

function headlineOf(event: string): string {
  return event.split("\n", 1)[0] ?? "";
}

function eventText(event: string): string {
  const words = headlineOf(event).split("  ").at(-1) ?? "";
  return words === "" ? "NO EVENT" : `event "${words}"`;
}

function endOf(code: number): string {
  return code === 0 ? "curl ran" : `docker exit code ${code}`;
}

function servedText(count: number): string {
  return count === 1 ? "1 request" : `${count} requests`;
}
