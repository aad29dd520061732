// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import {
  enrich,
  startTimeNs,
  type ExecFacts,
  type Surroundings,
} from "../../daemon/enrich/enrich.ts";
import { DockerClients } from "../../daemon/enrich/docker-clients.ts";
import { ExecSessions } from "../../daemon/enrich/exec-origin.ts";
import { ProcessTree } from "../../daemon/enrich/process-tree.ts";
import { readUserDirectory } from "../../daemon/enrich/users.ts";
import type { ExecEvent } from "../../daemon/model/event.ts";
import { container, execEvent, host } from "../policy/samples.ts";
import { sampleProcess } from "../rules/sample-event.ts";

const { file } = execEvent();
const script = { ...file, path: "/app/run", inode: 9n };
const loader = { ...file, path: "/lib/ld.so", inode: 10n };

const facts: ExecFacts = {
  timeNs: 5n,
  monotonicMs: 6,
  tid: 8,
  syscall: "execveat",
  comm: "curl",
  argv: ["/usr/bin/curl", "-s"],
  environment: "A=1\0B=\0",
  cwd: "/work",
  file,
  role: "program",
  isHeld: true,
  isArgvKnown: true,
  process: {
    ...{ pid: 7, ppid: 60, vpid: 3, sid: 50, vsid: 1, pgid: 7, vpgid: 3, tty: 34816 },
    ...{ uid: 1000, gid: 100, startTicks: 250n },
  },
  capabilities: { inheritable: 1n, permitted: 2n, effective: 4n },
};

const users = readUserDirectory({
  passwd: "root:x:0:0::/root:/bin/sh\napp:x:1000:100::/srv:/bin/ash\n",
  group: "users:x:100:\n",
});

/** The event of the sample facts with changes. */
function event(changes: Partial<ExecFacts>, around: Partial<Surroundings> = {}): ExecEvent {
  const tree = new ProcessTree(() => undefined);
  tree.add(sampleProcess({ pid: 60, comm: "sh", startTicks: 40n }));
  const sessions = new ExecSessions();
  const allowlists = new Set<string>();
  const clients = new DockerClients();
  const surroundings = { host, allowlists, tree, sessions, clients, bootNs: 1_000n, ...around };
  return enrich({ ...facts, ...changes }, 11, surroundings);
}

t.test("the facts of the call and the process are taken over", (t) => {
  const whole = event({}, { container: container(), allowlists: new Set(["web_fetch"]), users });
  t.match(whole, {
    ...{ kind: "exec", number: 11, timeNs: 5n, tid: 8, syscall: "execveat" },
    ...{ isHeld: true, isArgvKnown: true, host, file, container: { name: "web" } },
    allowlists: new Set(["web_fetch"]),
    process: {
      ...facts.process,
      ...{ comm: "curl", exe: "/usr/bin/curl", argv: ["/usr/bin/curl", "-s"], cwd: "/work" },
      ...{ exepath: "/usr/bin/curl", env: ["A=1", "B="] },
      ...{ capInheritable: 1n, capPermitted: 2n, capEffective: 4n },
      ...{ userName: "app", userHome: "/srv", userShell: "/bin/ash", groupName: "users" },
      parent: { pid: 60, comm: "sh" },
    },
  });
  t.end();
});

t.test("what is not known is absent, and nothing is put in its place", (t) => {
  const bare = event({ cwd: "", environment: "", argv: [], isArgvKnown: false, isHeld: false });
  t.notOk("container" in bare);
  t.notOk("interpreter" in bare);
  for (const name of ["cwd", "loginuid", "loginName", "userName", "userHome", "groupName"]) {
    t.notOk(name in bare.process, name);
  }
  t.match(bare.process, { env: [], argv: [], exe: "" });
  t.match(bare, { isHeld: false, isArgvKnown: false });
  t.end();
});

const roles: readonly [
  name: string,
  changes: Partial<ExecFacts>,
  expected: { readonly exepath: string; readonly file: string; readonly interpreter?: string },
][] = [
  ["a program runs itself", {}, { exepath: "/usr/bin/curl", file: "/usr/bin/curl" }],
  [
    "a script is run by its interpreter, and both are named",
    { role: "interpreter", first: script },
    { exepath: "/usr/bin/curl", file: "/app/run", interpreter: "/usr/bin/curl" },
  ],
  [
    "the ELF loader maps the program, which is what runs",
    { role: "loader", file: loader, first: file },
    { exepath: "/usr/bin/curl", file: "/usr/bin/curl" },
  ],
];

for (const [name, changes, expected] of roles) {
  t.test(`what runs: ${name}`, (t) => {
    const { process, file, interpreter } = event(changes);
    t.strictSame(
      {
        exepath: process.exepath,
        file: file.path,
        ...(interpreter === undefined ? {} : { interpreter: interpreter.path }),
      },
      expected,
    );
    t.end();
  });
}

const logins: readonly [name: string, loginuid: number | undefined, expected: unknown][] = [
  ["of a user of the container", 0, { loginuid: 0, loginName: "root" }],
  ["of nobody that the container knows", 5, { loginuid: 5, loginName: undefined }],
  ["that is unset", undefined, { loginuid: undefined, loginName: undefined }],
];

for (const [name, loginuid, expected] of logins) {
  t.test(`a login uid ${name}`, (t) => {
    const { process } = event(loginuid === undefined ? {} : { loginuid }, { users });
    t.strictSame({ loginuid: process.loginuid, loginName: process.loginName }, expected);
    t.end();
  });
}

for (const [name, parentStartTicks, pid] of [
  ["known by its pid and start", 40n, 60],
  ["known by its pid, its start not being told", undefined, 60],
  ["in another life of its pid", 41n, undefined],
] as const) {
  t.test(`the parent: ${name}`, (t) => {
    const changes = parentStartTicks === undefined ? {} : { parentStartTicks };
    t.equal(event(changes).process.parent?.pid, pid);
    t.end();
  });
}

t.test("a start is told as the time since the boot, a hundred ticks a second", (t) => {
  t.equal(startTimeNs(250n, 1_000n), 2_500_001_000n);
  t.equal(event({}).process.startNs, 2_500_001_000n);
  t.end();
});
