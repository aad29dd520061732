// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { findRoute, type Route } from "../../plugin/routes.ts";

/**
 * Every route that a real engine registers, the newest one tried (28.5.2, API 1.51, with --debug): its log names them at
 * its start. `{name/}` takes slashes too, other places one segment. Behind each action: `!` a body that the engine
 * cannot do without, `?` one that it takes, `-` one that it shows nobody, `*` what changes something.
 */
const registered = `
/_ping: GET system.ping, HEAD system.ping
/auth: POST system.auth-*
/build: POST image.build*
/build/cancel: POST image.build.cancel*
/build/prune: POST image.build.prune*
/commit: POST container.commit?*
/configs: GET config.list
/configs/create: POST config.create!*
/configs/{id}: DELETE config.remove*, GET config.inspect
/configs/{id}/update: POST config.update!*
/containers/create: POST container.create!*
/containers/json: GET container.list
/containers/prune: POST container.prune*
/containers/{name/}: DELETE container.remove*
/containers/{name/}/archive: GET container.archive.get, HEAD container.archive.stat, PUT container.archive.put*
/containers/{name/}/attach: POST container.attach*
/containers/{name/}/attach/ws: GET container.attach*
/containers/{name/}/changes: GET container.changes
/containers/{name/}/checkpoints: GET checkpoint.list, POST checkpoint.create!*
/containers/{name/}/exec: POST exec.create!*
/containers/{name/}/export: GET container.export
/containers/{name/}/json: GET container.inspect
/containers/{name/}/kill: POST container.kill*
/containers/{name/}/logs: GET container.logs
/containers/{name/}/pause: POST container.pause*
/containers/{name/}/rename: POST container.rename*
/containers/{name/}/resize: POST container.resize*
/containers/{name/}/restart: POST container.restart*
/containers/{name/}/start: POST container.start?*
/containers/{name/}/stats: GET container.stats
/containers/{name/}/stop: POST container.stop*
/containers/{name/}/top: GET container.top
/containers/{name/}/unpause: POST container.unpause*
/containers/{name/}/update: POST container.update!*
/containers/{name/}/wait: POST container.wait*
/containers/{name}/checkpoints/{checkpoint}: DELETE checkpoint.remove*
/debug/pprof/: GET system.debug
/debug/pprof/cmdline: GET system.debug
/debug/pprof/profile: GET system.debug
/debug/pprof/symbol: GET system.debug
/debug/pprof/trace: GET system.debug
/debug/pprof/{name}: GET system.debug
/debug/vars: GET system.debug
/distribution/{name/}/json: GET image.distribution
/events: GET system.events
/exec/{id/}/json: GET exec.inspect
/exec/{name/}/resize: POST exec.resize*
/exec/{name/}/start: POST exec.start!*
/grpc: POST session.grpc*
/images/create: POST image.pull*
/images/get: GET image.save
/images/json: GET image.list
/images/load: POST image.load*
/images/prune: POST image.prune*
/images/search: GET image.search
/images/{name/}: DELETE image.remove*
/images/{name/}/get: GET image.save
/images/{name/}/history: GET image.history
/images/{name/}/json: GET image.inspect
/images/{name/}/push: POST image.push*
/images/{name/}/tag: POST image.add_tag*
/info: GET system.info
/networks: GET network.list
/networks/: GET network.list
/networks/create: POST network.create!*
/networks/prune: POST network.prune*
/networks/{id/}: DELETE network.remove*, GET network.inspect
/networks/{id/}/connect: POST network.connect!*
/networks/{id/}/disconnect: POST network.disconnect!*
/nodes: GET node.list
/nodes/{id}: DELETE node.remove*, GET node.inspect
/nodes/{id}/update: POST node.update!*
/plugins: GET plugin.list
/plugins/create: POST plugin.create*
/plugins/privileges: GET plugin.privileges
/plugins/pull: POST plugin.install!*
/plugins/{name/}: DELETE plugin.remove*
/plugins/{name/}/disable: POST plugin.disable*
/plugins/{name/}/enable: POST plugin.enable*
/plugins/{name/}/json: GET plugin.inspect
/plugins/{name/}/push: POST plugin.push*
/plugins/{name/}/set: POST plugin.set!*
/plugins/{name/}/upgrade: POST plugin.upgrade!*
/secrets: GET secret.list
/secrets/create: POST secret.create!*
/secrets/{id}: DELETE secret.remove*, GET secret.inspect
/secrets/{id}/update: POST secret.update!*
/services: GET service.list
/services/create: POST service.create!*
/services/{id}: DELETE service.remove*, GET service.inspect
/services/{id}/logs: GET service.logs
/services/{id}/update: POST service.update!*
/session: POST session.open*
/swarm: GET swarm.inspect
/swarm/init: POST swarm.init!*
/swarm/join: POST swarm.join!*
/swarm/leave: POST swarm.leave*
/swarm/unlock: POST swarm.unlock!*
/swarm/unlockkey: GET swarm.unlockkey
/swarm/update: POST swarm.update!*
/system/df: GET system.df
/tasks: GET task.list
/tasks/{id}: GET task.inspect
/tasks/{id}/logs: GET task.logs
/version: GET system.version
/volumes: GET volume.list
/volumes/create: POST volume.create!*
/volumes/prune: POST volume.prune*
/volumes/{name/}: DELETE volume.remove*, GET volume.inspect, PUT volume.update!*
/{anyroute/}: OPTIONS system.options
`;

const signs: Readonly<Record<Route["body"], string>> = {
  ...{ required: "!", optional: "?", hidden: "-", none: "" },
};

const cases = registered
  .trim()
  .split("\n")
  .flatMap((line) => {
    const [path = "", rest = ""] = line.split(": ");
    return rest.split(", ").map((text) => {
      const [method = "", expected = ""] = text.split(" ");
      return { method, path, expected };
    });
  });

/** A path of that form, and what stands in its places. */
function fill(path: string, text: string): { readonly path: string; readonly names: string[] } {
  const names: string[] = [];
  const filled = path.replaceAll(/\{[a-z]+(\/?)\}/g, (_place, slash: string) => {
    const name = slash === "" ? "x1" : text;
    names.push(name);
    return name;
  });
  return { path: filled, names };
}

t.test("every route of a real engine is known, with its names and its body", (t) => {
  t.equal(cases.length, 121, "none has got lost");
  for (const { method, path: form, expected } of cases) {
    for (const text of ["x1", "a/b", "create/exec/start"]) {
      const { path, names } = fill(form, text);
      const found = findRoute(method, path);
      const { action = "none", body = "none", isMutating = false } = found?.route ?? {};
      const sign = `${signs[body]}${isMutating ? "*" : ""}`;
      t.equal(`${action}${sign}`, expected, `${method} ${path}`);
      // Of /debug/ it does not matter which.
      if (action !== "system.debug") t.strictSame(found?.names, names, `${method} ${path}: names`);
    }
  }
  t.end();
});
