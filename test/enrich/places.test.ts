// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { Places, type DeviceLife } from "../../daemon/enrich/places.ts";
import { container, hex64 } from "../policy/samples.ts";

const web = container({ id: hex64("a"), name: "web", rootDirectory: "/d/overlay2/w/merged" });
const db = container({ id: hex64("b"), name: "db" });
const stranger = hex64("f");
const life: DeviceLife = { device: 42, generation: 1 };
const webPoint = "/d/overlay2/w/merged";
const dbPoint = `/run/containerd/io.containerd.runtime.v2.task/moby/${db.id}/rootfs`;

/** The name of a container, or the id of one that is not known, or nothing. */
function nameOf(places: Places, at: DeviceLife, cgroupIds: readonly string[]): string | undefined {
  const { containerId, container } = places.identify(at, cgroupIds);
  return container?.name ?? containerId;
}

const rows: readonly [
  name: string,
  prepare: (places: Places) => void,
  at: DeviceLife,
  cgroupIds: readonly string[],
  expected: string | undefined,
][] = [
  [
    "the device alone tells it, by the directory that the engine names",
    (places) => {
      places.setContainer(web);
      places.addRoot(life, webPoint);
    },
    life,
    [],
    "web",
  ],
  [
    "also when the engine names it later",
    (places) => {
      places.addRoot(life, webPoint);
      places.setContainer(web);
    },
    life,
    [],
    "web",
  ],
  [
    "the device alone tells it, by the id in the path",
    (places) => {
      places.setContainer(db);
      places.addRoot(life, dbPoint);
    },
    life,
    [],
    "db",
  ],
  [
    "a directory whose name is not ASCII",
    (places) => {
      places.setContainer({ ...web, rootDirectory: "/dé/merged" });
      places.addRoot(life, "/d\xc3\xa9/merged");
    },
    life,
    [],
    "web",
  ],
  [
    "the device is believed before the cgroup",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.addRoot(life, webPoint);
    },
    life,
    [db.id],
    "web",
  ],
  [
    "the cgroup tells it where the device is no container's root",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.addRoot(life, webPoint);
    },
    { device: 9, generation: 0 },
    [db.id],
    "db",
  ],
  [
    "what only one container can execute from tells it where the cgroup does not",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.setDevices(web.id, [8, 9]);
      places.setDevices(db.id, [7, 8]);
    },
    { device: 9, generation: 0 },
    [],
    "web",
  ],
  [
    "what several can does not",
    (places) => {
      places.setContainer(web);
      places.setDevices(web.id, [8, 9]);
      places.setDevices(db.id, [7, 8]);
    },
    { device: 8, generation: 0 },
    [],
    undefined,
  ],
  [
    "the cgroup is believed before it",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.setDevices(web.id, [9]);
    },
    { device: 9, generation: 0 },
    [db.id],
    "db",
  ],
  [
    "nor does what it could when it ran",
    (places) => {
      places.setContainer(web);
      places.setDevices(web.id, [9]);
      places.setDevices(web.id, []);
    },
    { device: 9, generation: 0 },
    [],
    undefined,
  ],
  [
    "nor what a removed one could",
    (places) => {
      places.setContainer(web);
      places.setDevices(web.id, [9]);
      places.removeContainer(web.id);
    },
    { device: 9, generation: 0 },
    [],
    undefined,
  ],
  [
    "a root in another life is not taken for it",
    (places) => {
      places.setContainer(web);
      places.setDevices(web.id, [42]);
    },
    life,
    [],
    undefined,
  ],
  [
    "a number in a later life does not mean its old owner",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.addRoot(life, webPoint);
    },
    { device: 42, generation: 2 },
    [db.id],
    "db",
  ],
  [
    "nor in an earlier one",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.addRoot({ device: 42, generation: 2 }, webPoint);
    },
    life,
    [db.id],
    "db",
  ],
  [
    "a number that is taken as no root at all does not mean its old owner",
    (places) => {
      places.setContainer(web);
      places.addRoot(life, webPoint);
    },
    { device: 42, generation: 0 },
    [],
    undefined,
  ],
  [
    "a root that appears makes void what its number meant",
    (places) => {
      places.setContainer(web);
      places.setContainer(db);
      places.addRoot(life, webPoint);
      places.addRoot({ device: 42, generation: 2 }, dbPoint);
    },
    { device: 42, generation: 2 },
    [],
    "db",
  ],
  [
    "nested engines: the one that our engine knows",
    (places) => {
      places.setContainer(db);
    },
    { device: 9, generation: 0 },
    [stranger, db.id, hex64("e")],
    "db",
  ],
  [
    "none of them known: the outermost id, and no container",
    (places) => {
      places.setContainer(web);
    },
    { device: 9, generation: 0 },
    [stranger, hex64("e")],
    stranger,
  ],
  [
    "a container that was forgotten: its id is still told",
    (places) => {
      places.setContainer(web);
      places.addRoot(life, webPoint);
      places.removeContainer(web.id);
    },
    life,
    [],
    web.id,
  ],
  ["nobody", () => undefined, life, [], undefined],
];

for (const [name, prepare, at, cgroupIds, expected] of rows) {
  t.test(`whose exec it is: ${name}`, (t) => {
    const places = new Places();
    prepare(places);
    t.equal(nameOf(places, at, cgroupIds), expected);
    t.end();
  });
}

t.test("the owner of a number is learnt from the first process on it, and stays", (t) => {
  const places = new Places();
  places.setContainer(web);
  places.setContainer(db);
  places.addRoot(life, "/somewhere/else");
  t.strictSame(places.rootsOf(db.id), []);
  t.equal(nameOf(places, life, [db.id]), "db");
  t.equal(nameOf(places, life, []), "db", "no cgroup is needed any more");
  t.equal(nameOf(places, life, [web.id]), "db", "and none changes it");
  t.match(places.rootsOf(db.id), [life]);
  t.end();
});

t.test("it is not learnt from an id that the engine does not know", (t) => {
  const places = new Places();
  places.addRoot(life, "/somewhere/else");
  t.equal(nameOf(places, life, [stranger]), stranger);
  t.equal(nameOf(places, life, []), undefined);
  t.end();
});

t.test("a root that goes is forgotten only in the life that it had", (t) => {
  const places = new Places();
  places.setContainer(web);
  places.addRoot({ device: 42, generation: 2 }, webPoint);
  places.removeRoot(life);
  t.match(places.rootsOf(web.id), [{ device: 42, generation: 2 }], "news of an old life");
  places.removeRoot({ device: 42, generation: 2 });
  t.strictSame(places.rootsOf(web.id), []);
  t.end();
});

t.test("what is newly known of a container takes the place of what was", (t) => {
  const places = new Places();
  places.setContainer(web);
  places.setContainer({ ...web, name: "renamed" });
  t.equal(places.container(web.id)?.name, "renamed");
  places.removeContainer(web.id);
  t.equal(places.container(web.id), undefined);
  t.end();
});

t.test("an exec of a life that is over is its container's still", (t) => {
  const places = new Places();
  places.setContainer(web);
  places.setContainer(db);
  places.addRoot(life, webPoint);
  places.removeRoot(life);
  t.equal(nameOf(places, life, []), "web", "the root is gone");
  t.equal(nameOf(places, life, [db.id]), "db", "where the control group was read it is believed");
  places.addRoot({ device: 43, generation: 2 }, dbPoint);
  places.addRoot({ device: 43, generation: 3 }, "/somewhere/else");
  t.equal(nameOf(places, { device: 43, generation: 2 }, []), "db", "its number has another life");
  t.equal(nameOf(places, { device: 43, generation: 3 }, []), undefined);
  t.equal(nameOf(places, { device: 9, generation: 0 }, []), undefined);
  places.removeContainer(web.id);
  t.equal(nameOf(places, life, []), web.id, "and so is its container");
  t.end();
});

t.test("lives that are over are remembered up to a bound", (t) => {
  const places = new Places();
  places.setContainer(web);
  for (let generation = 1; generation <= 4_098; generation++)
    places.addRoot({ device: 42, generation }, webPoint);
  t.equal(nameOf(places, { device: 42, generation: 1 }, []), undefined, "the oldest makes room");
  t.equal(nameOf(places, { device: 42, generation: 2 }, []), "web");
  t.end();
});

t.test("a step of a build is known from its first exec on, until its root is gone", (t) => {
  const places = new Places();
  const step = "teii06a3zt3rnvgc1w5iaczjv";
  const cgroup = `0::/docker/buildkit/${step}\n`;
  t.equal(places.container(step), undefined);
  t.strictSame(places.idsOf(cgroup, 5n), [step]);
  t.strictSame(places.idsOf(cgroup, 9n), [step]);
  t.match(places.container(step), {
    ...{ kind: "buildkit", name: "buildkit-teii06a3zt3r", createdNs: 5n, isComplete: true },
    image: { id: "", repository: "BuildKit" },
  });
  places.addRoot(life, "/d/overlay2/lqumg2cnsdhmwunukrmzzksg9/merged");
  t.equal(nameOf(places, life, [step]), "buildkit-teii06a3zt3r");
  t.equal(nameOf(places, life, []), "buildkit-teii06a3zt3r", "its root is its own");
  t.match(places.rootsOf(step), [life]);
  places.removeContainer(step);
  t.equal(places.container(step), undefined);
  t.end();
});

t.test(
  "who names its control group like a step is told by what only its container executes from",
  (t) => {
    const places = new Places();
    const step = "teii06a3zt3rnvgc1w5iaczjv";
    const volume = { device: 77, generation: 0 };
    places.setContainer(web);
    places.setDevices(web.id, [volume.device]);
    t.strictSame(places.idsOf(`0::/docker/buildkit/${step}\n`, 5n), [step]);
    t.equal(nameOf(places, volume, [step]), web.name);
    t.equal(nameOf(places, { device: 78, generation: 0 }, [step]), "buildkit-teii06a3zt3r");
    t.end();
  },
);

t.test("of very many steps the first one is forgotten", (t) => {
  const places = new Places();
  const idOf = (number: number): string => String(number).padStart(25, "0");
  for (let number = 0; number <= 1_024; number++)
    places.idsOf(`0::/docker/buildkit/${idOf(number)}`, 1n);
  t.equal(places.container(idOf(0)), undefined);
  t.ok(places.container(idOf(1)));
  t.ok(places.container(idOf(1_024)));
  t.end();
});
