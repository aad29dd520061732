// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { findRoute, routes } from "../../plugin/routes.ts";

/**
 * Every path of the engine's published API description, versions 1.24 to 1.56, with what its methods do: `*` for what
 * changes something. Then what the engine's routers have beside it, or had (moby, daemon/server/router).
 */
const published = `
/containers/json: GET container.list
/containers/create: POST container.create*
/containers/{id}/json: GET container.inspect
/containers/{id}/top: GET container.top
/containers/{id}/logs: GET container.logs
/containers/{id}/changes: GET container.changes
/containers/{id}/export: GET container.export
/containers/{id}/stats: GET container.stats
/containers/{id}/resize: POST container.resize*
/containers/{id}/start: POST container.start*
/containers/{id}/stop: POST container.stop*
/containers/{id}/restart: POST container.restart*
/containers/{id}/kill: POST container.kill*
/containers/{id}/update: POST container.update*
/containers/{id}/rename: POST container.rename*
/containers/{id}/pause: POST container.pause*
/containers/{id}/unpause: POST container.unpause*
/containers/{id}/attach: POST container.attach*
/containers/{id}/attach/ws: GET container.attach*
/containers/{id}/wait: POST container.wait*
/containers/{id}: DELETE container.remove*
/containers/{id}/archive: HEAD container.archive.stat, GET container.archive.get, PUT container.archive.put*
/containers/prune: POST container.prune*
/images/json: GET image.list
/build: POST image.build*
/build/prune: POST image.build.prune*
/images/create: POST image.pull*
/images/{name}/json: GET image.inspect
/images/{name}/history: GET image.history
/images/{name}/push: POST image.push*
/images/{name}/tag: POST image.add_tag*
/images/{name}: DELETE image.remove*
/images/search: GET image.search
/images/prune: POST image.prune*
/auth: POST system.auth*
/info: GET system.info
/version: GET system.version
/_ping: GET system.ping, HEAD system.ping
/commit: POST container.commit*
/events: GET system.events
/system/df: GET system.df
/images/{name}/get: GET image.save
/images/get: GET image.save
/images/load: POST image.load*
/containers/{id}/exec: POST exec.create*
/exec/{id}/start: POST exec.start*
/exec/{id}/resize: POST exec.resize*
/exec/{id}/json: GET exec.inspect
/volumes: GET volume.list
/volumes/create: POST volume.create*
/volumes/{name}: GET volume.inspect, PUT volume.update*, DELETE volume.remove*
/volumes/prune: POST volume.prune*
/networks: GET network.list
/networks/{id}: GET network.inspect, DELETE network.remove*
/networks/create: POST network.create*
/networks/{id}/connect: POST network.connect*
/networks/{id}/disconnect: POST network.disconnect*
/networks/prune: POST network.prune*
/plugins: GET plugin.list
/plugins/privileges: GET plugin.privileges
/plugins/pull: POST plugin.install*
/plugins/{name}/json: GET plugin.inspect
/plugins/{name}: DELETE plugin.remove*
/plugins/{name}/enable: POST plugin.enable*
/plugins/{name}/disable: POST plugin.disable*
/plugins/{name}/upgrade: POST plugin.upgrade*
/plugins/create: POST plugin.create*
/plugins/{name}/push: POST plugin.push*
/plugins/{name}/set: POST plugin.set*
/nodes: GET node.list
/nodes/{id}: GET node.inspect, DELETE node.remove*
/nodes/{id}/update: POST node.update*
/swarm: GET swarm.inspect
/swarm/init: POST swarm.init*
/swarm/join: POST swarm.join*
/swarm/leave: POST swarm.leave*
/swarm/update: POST swarm.update*
/swarm/unlockkey: GET swarm.unlockkey
/swarm/unlock: POST swarm.unlock*
/services: GET service.list
/services/create: POST service.create*
/services/{id}: GET service.inspect, DELETE service.remove*
/services/{id}/update: POST service.update*
/services/{id}/logs: GET service.logs
/tasks: GET task.list
/tasks/{id}: GET task.inspect
/tasks/{id}/logs: GET task.logs
/secrets: GET secret.list
/secrets/create: POST secret.create*
/secrets/{id}: GET secret.inspect, DELETE secret.remove*
/secrets/{id}/update: POST secret.update*
/configs: GET config.list
/configs/create: POST config.create*
/configs/{id}: GET config.inspect, DELETE config.remove*
/configs/{id}/update: POST config.update*
/distribution/{name}/json: GET image.distribution
/session: POST session.open*
/images/{name}/attestations: GET image.attestations
`;

const beside = `
/grpc: POST session.grpc*
/build/cancel: POST image.build.cancel*
/containers/{id}/copy: POST container.copy*
/containers/{id}/checkpoints: GET checkpoint.list, POST checkpoint.create*
/containers/{id}/checkpoints/{name}: DELETE checkpoint.remove*
/networks/: GET network.list
/debug/vars: GET system.debug
/debug/pprof/: GET system.debug
/debug/pprof/heap: GET system.debug
/anything: OPTIONS system.options
`;

const cases = (published + beside)
  .trim()
  .split("\n")
  .filter((line) => line !== "")
  .flatMap((line) => {
    const [path = "", rest = ""] = line.split(/: (.*)/s);
    return rest.split(", ").map((text) => {
      const [method = "", action = ""] = text.split(" ");
      return { method, path, action };
    });
  });

t.test("every route of the engine's API is known, and what it does", (t) => {
  for (const { method, path, action } of cases) {
    const found = findRoute(method, path.replaceAll(/\{[a-z]+\}/g, "x1"));
    const mark = found?.route.isMutating === true ? "*" : "";
    t.equal(`${found?.route.action ?? "none"}${mark}`, action, `${method} ${path}`);
  }
  const listed = new Set(cases.map(({ action }) => action.replace("*", "")));
  const unlisted = routes.filter(({ action }) => !listed.has(action));
  t.strictSame(unlisted, [], "nothing is known that the engine does not have");
  t.end();
});

t.test("no other method of a known path is taken for it", (t) => {
  for (const path of new Set(cases.map((one) => one.path))) {
    const known = new Set(cases.filter((one) => one.path === path).map(({ method }) => method));
    for (const method of ["POST", "PUT", "PATCH", "DELETE", "CONNECT"].filter(
      (one) => !known.has(one),
    )) {
      const found = findRoute(method, path.replaceAll(/\{[a-z]+\}/g, "x1"));
      // `create` and whatever else stands there may be a name as well.
      const isObject = /^\/[a-z]+\/\{(?:name|id)\}$/.test(found?.route.pattern ?? "");
      if (isObject && (method === "DELETE" || method === "PUT")) continue;
      t.equal(found, undefined, `${method} ${path}`);
    }
  }
  t.end();
});

t.test("every route is found by its own pattern, and is named once", (t) => {
  for (const route of routes) {
    const path = route.pattern.replaceAll(/\{[a-z]+\}/g, "x1");
    t.equal(findRoute(route.method, path)?.route.pattern, route.pattern, `${route.method} ${path}`);
  }
  const names = routes.map(({ method, pattern }) => `${method} ${pattern}`);
  t.equal(new Set(names).size, names.length);
  t.end();
});
