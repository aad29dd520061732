// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { containerIdsOf } from "../../daemon/enrich/cgroup.ts";

const a = "a1".repeat(32);
const b = "b2".repeat(32);
const step = "teii06a3zt3rnvgc1w5iaczjv";

const rows: readonly [name: string, text: string, ids: readonly string[]][] = [
  ["version 2, cgroupfs driver", `0::/docker/${a}\n`, [a]],
  ["version 2, systemd driver", `0::/system.slice/docker-${a}.scope\n`, [a]],
  ["a group below the container's own", `0::/docker/${a}/init\n`, [a]],
  ["seen from inside of a cgroup namespace", `0::/../${a}\n`, [a]],
  [
    "version 1 names it once for each controller",
    `12:pids:/docker/${a}\n11:cpu,cpuacct:/docker/${a}\n1:name=systemd:/docker/${a}\n`,
    [a],
  ],
  ["one engine in another: the outer one first", `0::/docker/${a}/docker/${b}\n`, [a, b]],
  ["and with the systemd driver", `0::/docker/${a}/system.slice/docker-${b}.scope\n`, [a, b]],
  [
    "Kubernetes, cri-containerd",
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podd41d8cd9.slice/cri-containerd-${a}.scope`,
    [a],
  ],
  ["directly behind the colon", `0:${a}`, [a]],
  ["no newline at the end", `0::/docker/${a}`, [a]],
  ["nothing in it", "", []],
  ["the host", "0::/user.slice/user-1000.slice/session-1.scope\n", []],
  ["63 digits", `0::/docker/${a.slice(1)}\n`, []],
  ["65 digits", `0::/docker/${a}a\n`, []],
  ["capital letters", `0::/docker/${a.toUpperCase()}\n`, []],
  ["letters beyond f", `0::/docker/${"g".repeat(64)}\n`, []],
  ["a step of a build", `0::/docker/buildkit/${step}\n`, [step]],
  ["with a parent of the engine's own", `1:pids:/builds/buildkit/${step}\n0::/\n`, [step]],
  ["with the systemd driver", `0::/system.slice:docker:${step}\n`, [step]],
  ["and by systemd itself", `0::/system.slice/docker-${step}.scope\n`, [step]],
  ["a container that calls itself a step", `0::/docker/${a}/buildkit/${step}\n`, [a]],
  ["a word as long as a step's id", `0::/system.slice/${step}\n`, []],
  ["a longer one in its place", `0::/docker/buildkit/${step}x\n`, []],
  ["an id that begins inside a word", `0::/docker/x${a}\n`, []],
];

for (const [name, text, ids] of rows) {
  t.test(`container ids in a cgroup text: ${name}`, (t) => {
    t.strictSame(containerIdsOf(text), ids);
    t.end();
  });
}
