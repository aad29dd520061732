// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { ImageInventory } from "../daemon/image-inventory.ts";
import { container, hex64, image } from "./policy/samples.ts";
import { createRecordingLog } from "./support/recording-log.ts";

function listing(count: number, ctimeNs: bigint): readonly unknown[] {
  const rows = Array.from({ length: count }, (_, index) => [
    ...[Buffer.from(`/bin/${index}`), BigInt(index), 1, ctimeNs, Buffer.alloc(32)],
  ]);
  return [0, count < 8_192, ...rows.flat()];
}

function setUp(files: number) {
  const told: string[] = [];
  const { log, lines } = createRecordingLog();
  const inventory = new ImageInventory({
    binding: {
      listExecutables: (...[, , , , callback]) => {
        callback(listing(files, 1n));
      },
    },
    onListed: (id, listed) => told.push(`+${id.slice(-4)} ${listed.length}`),
    onForgotten: (id) => told.push(`-${id.slice(-4)}`),
    log,
  });
  const offer = (number: number): void => {
    const id = `sha256:${String(number).padStart(64, "0")}`;
    inventory.offer(
      container({ id: hex64("c"), image: image("nginx", { id }), pid: 5, createdNs: 2n }),
    );
  };
  return { inventory, told, lines, offer };
}

t.test("an image is listed once", (t) => {
  const { inventory, told, offer } = setUp(3);
  offer(1);
  offer(1);
  t.strictSame(told, ["+0001 3"]);
  t.strictSame(inventory.status(), { listed: 1, files: 3, incomplete: 0 });
  t.end();
});

t.test(
  "the files of all images together are bounded, and what is forgotten is listed again",
  (t) => {
    const { inventory, told, lines, offer } = setUp(8_192);
    for (let number = 1; number <= 17; number++) offer(number);
    t.strictSame(told.slice(-2), ["+0017 8192", "-0001"]);
    t.match(inventory.status(), { listed: 16, files: 131_072, incomplete: 17 });
    t.equal(lines.length, 17, "each that is cut off is said");
    offer(1);
    t.strictSame(told.slice(-2), ["+0001 8192", "-0002"]);
    t.end();
  },
);

t.test("so is their number", (t) => {
  const { inventory, told, offer } = setUp(1);
  for (let number = 1; number <= 257; number++) offer(number);
  t.strictSame(told.slice(-1), ["-0001"]);
  t.equal(inventory.status().listed, 256);
  t.end();
});
