// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ImageInventory } from "../daemon/image-inventory.ts";
import { noSkips, type ImageList } from "../daemon/image-listing.ts";
import type { Container } from "../daemon/model/container.ts";
import type { EngineFacts } from "../daemon/model/engine-event.ts";
import { container, hex64, image } from "./policy/samples.ts";
import { createRecordingLog } from "./support/recording-log.ts";

const file = { path: "/bin/sh", size: 1, ctimeNs: 1n, sha256: "" };
const idOf = (number: number): string => `sha256:${String(number).padStart(64, "0")}`;

function setUp(list: (container: Container) => Promise<ImageList | "early" | "gone">) {
  const told: string[] = [];
  const { log, lines } = createRecordingLog();
  const inUse = new Set<string>();
  const inventory = new ImageInventory({
    ...{ list, log, isInUse: (id) => inUse.has(id) },
    onListed: (id, listed) => told.push(`+${id.slice(-4)} ${listed.length}`),
    onForgotten: (id) => told.push(`-${id.slice(-4)}`),
  });
  const offer = async (number: number, changes: Partial<Container> = {}): Promise<void> => {
    const id = idOf(number);
    inventory.offer(
      container({ id: hex64("c"), image: image("nginx", { id }), state: "running", ...changes }),
    );
    await settled();
  };
  const hear = (action: string, number: number): void => {
    inventory.heard({ type: "image", action, actorId: idOf(number) } as EngineFacts);
  };
  return { inventory, told, lines, offer, hear, inUse };
}

/** What is promised by now has happened. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

function listing(count: number, skipped = noSkips): () => Promise<ImageList> {
  const files = Array.from({ length: count }, () => file);
  return () => Promise.resolve({ files, skipped, isFromContainer: false });
}

t.test("an image is listed once", async (t) => {
  const { inventory, told, offer } = setUp(listing(3));
  await offer(1, { state: "created" });
  await offer(1);
  await offer(2, { state: "dead" });
  t.strictSame(told, ["+0001 3"]);
  t.match(inventory.status(), { listed: 1, files: 3, incomplete: 0, waiting: 0, failed: 0 });
});

t.test("what a list lacks is said and counted, by its reason", async (t) => {
  const skipped = { ...noSkips, tooLarge: 2, timeUp: 1 };
  const { inventory, lines, offer } = setUp(listing(3, skipped));
  await offer(1);
  await offer(2);
  t.match(inventory.status(), { incomplete: 2, skipped: { tooLarge: 4, timeUp: 2, tooDeep: 0 } });
  t.match(lines, [
    {
      message: "an image has more, or other, executables than are listed",
      fields: { tooLarge: 2, timeUp: 1 },
    },
    {},
  ]);
});

t.test(
  "the files of all images together are bounded, and what is forgotten is listed again",
  async (t) => {
    const { inventory, told, offer } = setUp(listing(8_192));
    for (let number = 1; number <= 16; number++) await offer(number);
    await offer(1);
    await offer(17);
    t.strictSame(told.slice(-2), ["+0017 8192", "-0002"], "not the one that was started again");
    t.match(inventory.status(), { listed: 16, files: 131_072, forgotten: 1 });
    await offer(2);
    t.strictSame(told.slice(-2), ["+0002 8192", "-0003"]);
  },
);

t.test("so is their number", async (t) => {
  const { inventory, told, offer } = setUp(listing(1));
  for (let number = 1; number <= 257; number++) await offer(number);
  t.strictSame(told.slice(-1), ["-0001"]);
  t.match(inventory.status(), { listed: 256, forgotten: 1 });
});

t.test("those that wait are bounded and counted", async (t) => {
  const { inventory, offer } = setUp(() => new Promise<never>(() => undefined));
  for (let number = 1; number <= 260; number++) await offer(number);
  t.match(inventory.status(), { waiting: 256, refused: 3 });
});

t.test("what could not be listed is tried again", async (t) => {
  let answer: ImageList | "early" | "gone" = "early";
  const { inventory, told, offer } = setUp(() => Promise.resolve(answer));
  await offer(1, { state: "created" });
  t.match(inventory.status(), { listed: 0, failed: 0 }, "nothing to look at yet is no failure");
  answer = "gone";
  await offer(1);
  t.match(inventory.status(), { listed: 0, failed: 1 });
  answer = { files: [file], skipped: noSkips, isFromContainer: true };
  await offer(1);
  t.strictSame(told, ["+0001 1"]);
  t.match(inventory.status(), { listed: 1, failed: 1, fromContainers: 1 });
});

t.test("the list of an image that the engine has deleted is dropped", async (t) => {
  const { inventory, told, offer, hear, inUse } = setUp(listing(1));
  for (const number of [1, 2, 3]) await offer(number);
  inUse.add(idOf(3));
  hear("untag", 1);
  hear("delete", 1);
  hear("delete", 2);
  hear("untag", 3);
  hear("delete", 4);
  hear("pull", 3);
  t.strictSame(told.slice(3), ["-0001", "-0002"], "but for one that a container is of");
  t.match(inventory.status(), { listed: 1, dropped: 2, forgotten: 0 });
});

t.test("nor is one taken that was being made, or waits, when its image was deleted", async (t) => {
  const waiting: ((list: ImageList) => void)[] = [];
  const { inventory, told, offer, hear } = setUp(() => new Promise((take) => waiting.push(take)));
  await offer(1);
  await offer(2);
  hear("delete", 1);
  hear("delete", 2);
  waiting[0]?.(await listing(1)());
  await settled();
  t.strictSame(told, ["-0001", "-0002"]);
  t.equal(waiting.length, 1, "the second one is not begun");
  t.match(inventory.status(), { listed: 0, waiting: 0, dropped: 2 });
});
