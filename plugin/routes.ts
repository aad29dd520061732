// SPDX-License-Identifier: Apache-2.0

/** One route of the engine's API, as its own router has it. */
export interface Route {
  readonly method: string;
  /** `/containers/{name}/exec`, without the version. */
  readonly pattern: string;
  /** `container.create`, `exec.create`, … */
  readonly action: string;
  /** Whether it carries JSON that the engine acts on; `hidden`: which it shows nobody. */
  readonly body: "required" | "optional" | "none" | "hidden";
  readonly isMutating: boolean;
}

/** A route, and what stands in its path's places. */
export interface FoundRoute {
  readonly route: Route;
  readonly names: readonly string[];
}

/**
 * Every route of the engine's API (moby, api/server/router and daemon/server/router, 20.10 to 29; API 1.24 to 1.56), in
 * the order in which the engine tries them. `{name}` takes slashes too, as it does there; other places do not. Behind the
 * action: `!` JSON that the engine cannot do without, `?` JSON that it takes, `-` JSON that it shows nobody, since it is
 * a password (sendBody of pkg/authorization), `*` a GET that changes something all the same.
 */
const table = `
GET /containers/{name}/checkpoints checkpoint.list
POST /containers/{name}/checkpoints checkpoint.create!
DELETE /containers/{id}/checkpoints/{checkpoint} checkpoint.remove
HEAD /containers/{name}/archive container.archive.stat
GET /containers/json container.list
GET /containers/{name}/export container.export
GET /containers/{name}/changes container.changes
GET /containers/{name}/json container.inspect
GET /containers/{name}/top container.top
GET /containers/{name}/logs container.logs
GET /containers/{name}/stats container.stats
GET /containers/{name}/attach/ws container.attach*
GET /exec/{name}/json exec.inspect
GET /containers/{name}/archive container.archive.get
POST /containers/create container.create!
POST /containers/{name}/kill container.kill
POST /containers/{name}/pause container.pause
POST /containers/{name}/unpause container.unpause
POST /containers/{name}/restart container.restart
POST /containers/{name}/start container.start?
POST /containers/{name}/stop container.stop
POST /containers/{name}/wait container.wait
POST /containers/{name}/resize container.resize
POST /containers/{name}/attach container.attach
POST /containers/{name}/copy container.copy!
POST /containers/{name}/exec exec.create!
POST /exec/{name}/start exec.start!
POST /exec/{name}/resize exec.resize
POST /containers/{name}/rename container.rename
POST /containers/{name}/update container.update!
POST /containers/prune container.prune
POST /commit container.commit?
PUT /containers/{name}/archive container.archive.put
DELETE /containers/{name} container.remove
GET /images/json image.list
GET /images/search image.search
GET /images/get image.save
GET /images/{name}/get image.save
GET /images/{name}/history image.history
GET /images/{name}/json image.inspect
GET /images/{name}/attestations image.attestations
POST /images/load image.load
POST /images/create image.pull
POST /images/{name}/push image.push
POST /images/{name}/tag image.add_tag
POST /images/prune image.prune
DELETE /images/{name} image.remove
POST /build image.build
POST /build/prune image.build.prune
POST /build/cancel image.build.cancel
POST /session session.open
POST /grpc session.grpc
GET /distribution/{name}/json image.distribution
GET /volumes volume.list
GET /volumes/{name} volume.inspect
POST /volumes/create volume.create!
POST /volumes/prune volume.prune
PUT /volumes/{name} volume.update!
DELETE /volumes/{name} volume.remove
GET /networks network.list
GET /networks/ network.list
GET /networks/{name} network.inspect
POST /networks/create network.create!
POST /networks/{name}/connect network.connect!
POST /networks/{name}/disconnect network.disconnect!
POST /networks/prune network.prune
DELETE /networks/{name} network.remove
GET /plugins plugin.list
GET /plugins/{name}/json plugin.inspect
GET /plugins/privileges plugin.privileges
POST /plugins/pull plugin.install!
POST /plugins/create plugin.create
POST /plugins/{name}/enable plugin.enable
POST /plugins/{name}/disable plugin.disable
POST /plugins/{name}/push plugin.push
POST /plugins/{name}/upgrade plugin.upgrade!
POST /plugins/{name}/set plugin.set!
DELETE /plugins/{name} plugin.remove
POST /swarm/init swarm.init!
POST /swarm/join swarm.join!
POST /swarm/leave swarm.leave
POST /swarm/update swarm.update!
POST /swarm/unlock swarm.unlock!
GET /swarm swarm.inspect
GET /swarm/unlockkey swarm.unlockkey
GET /services service.list
GET /services/{id} service.inspect
GET /services/{id}/logs service.logs
POST /services/create service.create!
POST /services/{id}/update service.update!
DELETE /services/{id} service.remove
GET /nodes node.list
GET /nodes/{id} node.inspect
POST /nodes/{id}/update node.update!
DELETE /nodes/{id} node.remove
GET /tasks task.list
GET /tasks/{id} task.inspect
GET /tasks/{id}/logs task.logs
GET /secrets secret.list
GET /secrets/{id} secret.inspect
POST /secrets/create secret.create!
POST /secrets/{id}/update secret.update!
DELETE /secrets/{id} secret.remove
GET /configs config.list
GET /configs/{id} config.inspect
POST /configs/create config.create!
POST /configs/{id}/update config.update!
DELETE /configs/{id} config.remove
GET /_ping system.ping
HEAD /_ping system.ping
GET /events system.events
GET /info system.info
GET /version system.version
GET /system/df system.df
POST /auth system.auth-
GET /debug/vars system.debug
GET /debug/pprof/ system.debug
GET /debug/pprof/{id} system.debug
OPTIONS /{any} system.options
`;

const reading: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

const bodies: Readonly<Record<string, Route["body"]>> = {
  "!": "required",
  "?": "optional",
  "-": "hidden",
};

/** Every route, in the engine's order. */
export const routes: readonly Route[] = table.trim().split("\n").map(readRow);

function readRow(row: string): Route {
  const [method = "", pattern = "", mark = ""] = row.split(" ");
  const sign = mark.at(-1) ?? "";
  return {
    method,
    pattern,
    action: mark.replace(/[!?*-]$/, ""),
    body: bodies[sign] ?? "none",
    isMutating: !reading.has(method) || sign === "*",
  };
}

interface Matcher {
  readonly route: Route;
  readonly form: RegExp;
}

// gorilla/mux: `{name:.*}` takes anything, the longest first, and `{id}` one segment.
function matcherOf(route: Route): Matcher {
  const form = route.pattern.replaceAll(/[.]|\{name\}|\{any\}|\{[a-z]+\}/g, (part) => formOf(part));
  return { route, form: new RegExp(`^${form}$`) };
}

const matchers: ReadonlyMap<string, readonly Matcher[]> = new Map(
  [...new Set(routes.map(({ method }) => method))].map((method) => [
    method,
    routes.filter((route) => route.method === method).map(matcherOf),
  ]),
);

function formOf(part: string): string {
  if (part === ".") return "[.]";
  return part === "{name}" || part === "{any}" ? "([^]*)" : "([^/]+)";
}

/** The route that the engine would take for a clean path without its version; undefined when it has none. */
export function findRoute(method: string, path: string): FoundRoute | undefined {
  for (const { route, form } of matchers.get(method) ?? []) {
    const match = form.exec(path);
    if (match !== null) return { route, names: match.slice(1) };
  }
  return undefined;
}

/** Whether a request by this method may change something, where the route is not known. */
export function mayChange(method: string): boolean {
  return !reading.has(method);
}
