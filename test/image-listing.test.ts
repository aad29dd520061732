// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { createImageLister } from "../daemon/image-listing.ts";
import type { Container } from "../daemon/model/container.ts";
import { err, ok } from "../daemon/util/result.ts";
import { container, hex64 } from "./policy/samples.ts";

const subject = container({ id: hex64("c"), pid: 5, createdNs: 100n });
const inTable = `36 35 0:42 / /run/moby/${hex64("c")}/rootfs rw - overlay o rw,lowerdir=/s/2:/s/1`;
const digest = Buffer.alloc(32, 0xab);
const ENOENT = 2;

/** Lists with an engine that tells `layers`, a mount table, and directories of which some are not there. */
function listWith(options: {
  readonly layers?: string;
  readonly table?: string;
  readonly missing?: readonly string[];
  readonly now?: Container;
  readonly subject?: Container;
}) {
  const asked: string[] = [];
  const list = createImageLister({
    binding: {
      listExecutables: (layers, ...[, , , , , callback]) => {
        const path = layers.map(String).join(":");
        asked.push(path);
        const isMissing = options.missing?.includes(path) === true;
        const rows = [99n, 100n].flatMap((ctimeNs) => [
          Buffer.from("/b\xff", "latin1"),
          7,
          ctimeNs,
          digest,
        ]);
        callback([isMissing ? ENOENT : 0, 1, 2, 3, 4, 5, 6, 7, ...rows]);
      },
    },
    engine: {
      inspectImage: () =>
        Promise.resolve(
          options.layers === undefined
            ? err({ kind: "unreachable", message: "" })
            : ok({ GraphDriver: { Name: "overlay2", Data: { UpperDir: options.layers } } }),
        ),
    },
    container: () => options.now,
    readMountinfo: () => options.table,
  });
  return list(options.subject ?? subject).then((made) => ({ made, asked }));
}

t.test("the engine's own word on the layers is first", async (t) => {
  const { made, asked } = await listWith({ layers: "/d/1/diff", table: inTable });
  t.strictSame(asked, ["/d/1/diff"]);
  const sha256 = digest.toString("hex");
  t.strictSame(made, {
    files: [99n, 100n].map((ctimeNs) => ({
      ...{ path: "/b\xff", size: 7, ctimeNs, sha256 },
    })),
    skipped: {
      ...{ tooLarge: 1, beyondBytes: 2, tooDeep: 3, unreadable: 4 },
      ...{ beyondFiles: 5, beyondEntries: 6, timeUp: 7 },
    },
    isFromContainer: false,
  });
});

t.test(
  "then the mount table, without an answer or where the directories are another's",
  async (t) => {
    for (const options of [{}, { layers: "/other", missing: ["/other"] }]) {
      const { made, asked } = await listWith({ ...options, table: inTable });
      t.equal(asked.at(-1), "/s/2:/s/1");
      t.match(made, { isFromContainer: false });
    }
  },
);

t.test("by the directory that the engine mounts the root at, where it says so", async (t) => {
  const table = inTable.replace(/ \/run\S*/, " /d/x/merged");
  const { asked } = await listWith({
    table,
    subject: { ...subject, rootDirectory: "/d/x/merged" },
  });
  t.strictSame(asked, ["/s/2:/s/1"]);
});

t.test("last the container's root, of which what is newer than it is left out", async (t) => {
  const { made, asked } = await listWith({});
  t.strictSame(asked, ["/proc/5/root"]);
  t.match(made, { isFromContainer: true, files: [{ ctimeNs: 99n }] });
  t.equal(typeof made === "string" ? 0 : made.files.length, 1);
});

t.test("the process that is known by now counts", async (t) => {
  const { pid: _pid, ...early } = subject;
  t.equal((await listWith({ subject: early })).made, "early");
  t.strictSame((await listWith({ subject: early, now: subject })).asked, ["/proc/5/root"]);
  t.equal((await listWith({ missing: ["/proc/5/root"] })).made, "gone");
});
