// SPDX-License-Identifier: Apache-2.0
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import t from "tap";
import { startDaemon, type DaemonOptions } from "../support/daemon.ts";
import { openDoor, untilAsked } from "../support/door.ts";
import { requireEngine, startEngine, type CommandResult } from "../support/engine.ts";
import { buildImages, images } from "../support/images.ts";

const rules = readFileSync(
  fileURLToPath(new URL("../../rules/docker.yaml", import.meta.url)),
  "utf8",
);

const allowlist = `
allowlists:
  images:
    images: [byrnedo/alpine-curl]
`;

const policies = `
policies:
  - name: Web fetch in containers
    description: curl and wget belong in build images only
    rules: [Run Web Fetch Program in Container]
    mode: enforce
    actions: [deny]
  - name: Only images from the list
    description: This host runs images from its allowlist.
    runbook: https://wiki.example.com/images
    rules: [Create Container from Unlisted Image]
    mode: enforce
    actions: [deny]
  - name: Keep off the host
    rules: [{ tag: host_access }]
    mode: enforce
    actions: [deny]
  - name: Images come from registries
    rules: [Bring Image In by Other Ways]
    mode: enforce
    actions: [deny]
  - name: No swarm
    rules: [Change Swarm]
    mode: enforce
    actions: [deny]
  - name: Leave these alone
    rules: [Run Command in Protected Container]
    mode: enforce
    actions: [deny]
`;

if (requireEngine(t)) {
  t.setTimeout(300_000);
  const door = await openDoor();
  const scratch = mkdtempSync(join(tmpdir(), "door-"));
  const engineConfig = join(scratch, "daemon.json");
  writeFileSync(engineConfig, "{}");
  const engine = await startEngine({ flags: [`--config-file=${engineConfig}`] });
  t.teardown(async () => {
    await engine.stop();
    await door.stop();
    rmSync(scratch, { recursive: true, force: true });
  });
  const docker = (...args: readonly string[]): Promise<CommandResult> => engine.docker(...args);
  // What is there before anybody keeps the door. `web` is of an image that is not on the list.
  await buildImages(engine);
  await docker("tag", images.busybox, "byrnedo/alpine-curl:evil");
  await docker(
    "volume",
    "create",
    "-o",
    "type=none",
    "-o",
    "o=bind",
    "-o",
    "device=/etc",
    "hostetc",
  );
  const ofVolume = (options: readonly string[]): string[] =>
    options.flatMap((option) => ["-o", option]);
  const stacked = ["type=overlay", "device=overlay", "o=lowerdir=/etc:/usr"];
  await docker("volume", "create", ...ofVolume(["type=none", "o=bind", "device=etc"]), "relative");
  await docker("volume", "create", ...ofVolume(stacked), "stacked");
  await docker("volume", "create", ...ofVolume(["type=proc", "device=proc"]), "processes");
  await docker(
    "run",
    "-d",
    "--restart=always",
    "--name=web",
    "--network=none",
    images.busybox,
    "/bin/sleep",
    "600",
  );
  // Made before the door was kept: its mounts are not to be had by another.
  await docker("create", "--name=bound", "-v", "/etc:/x", images.busybox, "/bin/true");
  const label = "--label=execwarden.protect=true";
  await docker(
    "run",
    "-d",
    "--restart=always",
    "--name=safe",
    label,
    "--network=none",
    images.busybox,
    "/bin/sleep",
    "600",
  );
  // Whoever joins these has the host's namespaces, at whatever remove.
  const make = ["create", "--network=none"];
  await docker(...make, "--name=monitor", "--pid=host", images.busybox, "/bin/true");
  await docker("create", "--name=router", "--network=host", images.busybox, "/bin/true");
  await docker(...make, "--name=second", "--pid=container:monitor", images.busybox, "/bin/true");
  const busyboxId = (
    await docker("image", "inspect", "-f", "{{.Id}}", images.busybox)
  ).stdout.trim();

  const options: DaemonOptions = {
    ...{ dockerHost: engine.host, mode: "enforce", rules, policies, allowlist },
    config: { plugin: { socket: door.socket, on_failure: "deny", deadline: "10s" } },
  };
  const daemon = await startDaemon(options);
  // Not before the engine: it would wait for its plugin.
  t.teardown(async () => {
    await engine.stop();
    await daemon.stop();
  });
  writeFileSync(engineConfig, JSON.stringify({ "authorization-plugins": [door.name] }));
  await engine.restart();

  /** Sends bytes as they are to the engine; the answer's status and text. */
  const raw = (text: string): Promise<{ readonly code: number; readonly text: string }> =>
    new Promise((resolve, reject) => {
      let answer = "";
      const client = connect(engine.socketPath, () => client.write(text));
      client.setTimeout(30_000, () => client.destroy(new Error("no answer")));
      client.on("data", (chunk) => {
        answer += chunk.toString();
        // A refused upgrade may leave the connection open; behind another answer there may come one more.
        if (!answer.startsWith("HTTP/1.1 200")) client.setTimeout(1_000);
      });
      // It may answer before it has read all, and close then.
      client.on("error", (error) => {
        if (answer === "") reject(error);
      });
      client.on("close", () => {
        resolve({ code: Number(/^HTTP\/1.1 ([0-9]+)/.exec(answer)?.[1] ?? 0), text: answer });
      });
    });
  const post = (
    path: string,
    body: string,
    headers = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n`,
  ): ReturnType<typeof raw> =>
    raw(`POST ${path} HTTP/1.1\r\nHost: d\r\nConnection: close\r\n${headers}\r\n${body}`);
  const refusedBy = (policy: string): RegExp =>
    new RegExp(`authorization denied by plugin ${door.name}: .*refused by the policy .?"${policy}`);

  await t.test("the engine asks, and the status says so", async (t) => {
    await untilAsked(daemon);
    await daemon.logged(
      "this engine hides some bodies from its plugins: such requests are refused in enforce mode",
    );
    const { stdout } = await daemon.run("status");
    t.match(stdout, /plugin +the engine asks us: [0-9]+ requests/);
    t.equal((await docker("ps")).code, 0, "reading is let through");
  });

  await t.test(
    "an image that is not on the list makes no container, whatever it is called",
    async (t) => {
      const short = busyboxId.slice("sha256:".length, "sha256:".length + 12);
      for (const image of [
        images.busybox,
        busyboxId,
        short,
        "byrnedo/alpine-curl:evil",
        "nowhere/at-all:1",
      ]) {
        const made = await docker("create", "--network=none", image, "/bin/true");
        t.match(made.stderr, refusedBy("Only images from the list"), image);
        t.match(made.stderr, /What to do: https:\/\/wiki\.example\.com\/images/);
      }
      const made = await docker("create", "--network=none", "--entrypoint=/bin/true", images.curl);
      t.equal(made.code, 0, made.stderr);
      const alert = await daemon.alert(({ rule, output }) => {
        return rule === "Create Container from Unlisted Image" && output.includes("curl:evil");
      });
      t.match(alert, {
        source: "docker",
        execwarden: {
          verdict: "deny",
          held: true,
          outcomes: [{ action: "deny", status: "done" }],
          docker_request: {
            action: "container.create",
            image: { reference: "byrnedo/alpine-curl:evil" },
          },
        },
      });
    },
  );

  await t.test(
    "what the exec gate would refuse is refused at the door, with the same policy",
    async (t) => {
      const fetch = refusedBy("Web fetch in containers");
      t.match((await docker("exec", "web", "curl", "-s", "x")).stderr, fetch);
      t.match((await docker("exec", "web", "/bin/wget", "x")).stderr, fetch);
      t.match(
        (await docker("create", "--network=none", images.curl, "-s", "x")).stderr,
        fetch,
        "the image's entry point",
      );
      t.match(
        (await docker("create", "--network=none", "--entrypoint=wget", images.curl)).stderr,
        fetch,
      );
      const ran = await docker("exec", "web", "/bin/true");
      t.equal(ran.code, 0, ran.stderr);
      const alert = await daemon.alert(({ rule, execwarden }) => {
        return rule === "Run Web Fetch Program in Container" && "docker_request" in execwarden;
      });
      t.match(alert.output, /command=curl -s x/);
      t.match(alert.execwarden.container, { name: "web" });
    },
  );

  await t.test(
    "the host is kept off, also through links, volumes and other containers",
    async (t) => {
      const off = refusedBy("Keep off the host");
      symlinkSync("/etc", join(scratch, "innocent"));
      const profile = (name: string, content: object): string => {
        writeFileSync(join(scratch, name), JSON.stringify(content));
        return `--security-opt=seccomp=${join(scratch, name)}`;
      };
      const syscalls = [{ names: ["read", "mount"], action: "SCMP_ACT_ALLOW" }];
      const rows: readonly (readonly string[])[] = [
        ["--privileged"],
        ["--pid=host"],
        ["--network=host"],
        ["--ipc=host"],
        ["--userns=host"],
        ["--cap-add=sys_admin"],
        ["--cap-add=CAP_SYS_PTRACE"],
        ["--cap-add=ALL"],
        ["--security-opt=seccomp=unconfined"],
        ["--device=/dev/null"],
        ["-v", "/:/host"],
        ["-v", "/etc:/x:ro"],
        ["-v", "/proc/../etc:/x"],
        ["-v", `${scratch}/innocent:/x`],
        ["-v", `${scratch}/innocent/ssl:/x`],
        ["-v", `${engine.socketPath}:/s`],
        ["-v", `${engine.directory}:/s`],
        ["-v", "hostetc:/x"],
        ["-v", "relative:/x"],
        ["-v", "stacked:/x"],
        ["-v", "processes:/x"],
        ["--volumes-from", "bound"],
        ["--security-opt=systempaths=unconfined"],
        ["--pid=container:monitor"],
        ["--pid=container:second"],
        ["--network=container:router"],
        [profile("all.json", { defaultAction: "SCMP_ACT_ALLOW" })],
        [profile("mount.json", { defaultAction: "SCMP_ACT_ERRNO", syscalls })],
        [
          "--mount",
          "type=volume,dst=/x,volume-opt=type=overlay,volume-opt=device=x,volume-opt=o=lowerdir=/etc",
        ],
        ["--mount", "type=bind,src=/etc,dst=/x"],
        [
          "--mount",
          "type=volume,dst=/x,volume-driver=local,volume-opt=type=none,volume-opt=o=bind,volume-opt=device=/etc",
        ],
      ];
      for (const flags of rows) {
        const made = await docker("create", "--entrypoint=/bin/true", ...flags, images.curl);
        t.match(made.stderr, off, flags.join(" "));
      }
      const plain = await docker(
        "create",
        "--entrypoint=/bin/true",
        "--network=none",
        "-v",
        `${scratch}:/x`,
        "-v",
        "mine:/y",
        images.curl,
      );
      t.equal(plain.code, 0, plain.stderr);
      t.match(
        (
          await docker(
            "volume",
            "create",
            "-o",
            "type=none",
            "-o",
            "o=bind",
            "-o",
            "device=/etc",
            "later",
          )
        ).stderr,
        off,
      );
      t.match((await docker("exec", "--privileged", "web", "/bin/true")).stderr, off);
      // The name that a container joins may be another's by the time that it starts.
      t.match((await docker("start", "second")).stderr, off);
      const allowed = ["create", "--network=none", "--entrypoint=/bin/true"];
      // So may the place where a link leads.
      const link = join(scratch, "swapped");
      mkdirSync(join(scratch, "harmless"));
      for (const [target, isOff] of [["harmless"], ["/etc", true], ["harmless"]] as const) {
        rmSync(link, { force: true });
        symlinkSync(target, link);
        if (target === "harmless" && (await docker("inspect", "swapped")).code !== 0) {
          const bind = ["--name=swapped", "-v", `${link}:/x`];
          t.equal((await docker(...allowed, ...bind, images.curl)).code, 0, "a harmless link");
        }
        const { code, stderr } = await docker("start", "swapped");
        if (isOff === true) t.match(stderr, off, "a link that was changed before the start");
        else t.equal(code, 0, `a link as it was: ${stderr}`);
      }
      const joined = await docker(...allowed, "--pid=container:web", images.curl);
      t.equal(joined.code, 0, joined.stderr);
      const strict = profile("strict.json", {
        defaultAction: "SCMP_ACT_ERRNO",
        syscalls: [{ names: ["read", "execve"], action: "SCMP_ACT_ALLOW" }],
      });
      const confined = await docker(...allowed, strict, images.curl);
      t.equal(confined.code, 0, confined.stderr);
    },
  );

  await t.test("other ways to other people's containers and the host", async (t) => {
    const alone = refusedBy("Leave these alone");
    const file = join(scratch, "file");
    writeFileSync(file, "x");
    for (const args of [
      ["exec", "safe", "/bin/true"],
      ["cp", file, "safe:/x"],
      ["cp", "safe:/etc/passwd", join(scratch, "out")],
      ["export", "-o", join(scratch, "out.tar"), "safe"],
      ["commit", "safe", "copy"],
      ["rename", "safe", "unsafe"],
      ["update", "--memory=64m", "--memory-swap=64m", "safe"],
    ]) {
      t.match((await docker(...args)).stderr, alone, args.join(" "));
    }
    const keys =
      "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    const socketed = await raw(
      `GET /v1.41/containers/safe/attach/ws?stream=1&stdin=1 HTTP/1.1\r\nHost: d\r\n${keys}\r\n`,
    );
    t.match(socketed.text, alone, "by a web socket");
    // The command line does not show why.
    t.match((await post("/v1.41/containers/safe/attach?stream=1", "")).text, alone, "attach");
    const registries = refusedBy("Images come from registries");
    const tar = "Content-Type: application/x-tar\r\nContent-Length: 0\r\n";
    const h2c = "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 0\r\n";
    const rows: readonly (readonly [RegExp, string, string])[] = [
      [registries, "/v1.41/build?t=evil", tar],
      [registries, "/v1.41/build?version=2&remote=client-session", tar],
      [registries, "/v1.41/session", h2c],
      [registries, "/v1.41/grpc", h2c],
      [registries, "/v1.41/images/load", tar],
      [registries, "/v1.41/images/create?fromSrc=-&repo=evil", tar],
      [
        registries,
        `/v1.41/images/${images.busybox}/tag?repo=byrnedo/alpine-curl&tag=x`,
        "Content-Length: 0\r\n",
      ],
      [refusedBy("Keep off the host"), "/v1.41/plugins/create?name=evil", tar],
      [
        refusedBy("Keep off the host"),
        `/v1.41/plugins/${door.name}/disable?force=1`,
        "Content-Length: 0\r\n",
      ],
      [refusedBy("No swarm"), "/v1.41/swarm/leave?force=1", "Content-Length: 0\r\n"],
    ];
    for (const [refused, path, headers] of rows)
      t.match((await post(path, "", headers)).text, refused, path);
  });

  await t.test("crafted requests: each is one that a naive plugin lets through", async (t) => {
    const evil = JSON.stringify({
      Image: images.curl,
      Entrypoint: ["/bin/true"],
      HostConfig: { Privileged: true, NetworkMode: "none" },
    });
    const good = {
      Image: images.curl,
      Entrypoint: ["/bin/true"],
      HostConfig: { NetworkMode: "none" },
    };
    const plain = await post("/v1.41/containers/create", JSON.stringify(good));
    t.equal(plain.code, 201, plain.text);
    t.equal(
      (
        await post(
          "/v1.41/containers/create",
          JSON.stringify(good),
          `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${JSON.stringify(good).length}\r\n`,
        )
      ).code,
      201,
      "charset",
    );
    const mounts = (Type: string, Source?: string): string =>
      JSON.stringify({
        ...good,
        HostConfig: { NetworkMode: "none", Mounts: [{ Type, Source, Target: "/x" }] },
      });
    const service = (ContainerSpec: object): string =>
      JSON.stringify({ Name: "s", TaskTemplate: { ContainerSpec } });
    const big = `{"Image":"${images.curl}","HostConfig":{"Privileged":true},"Env":["${"x".repeat(1_100_000)}"]}`;
    const inChunks = (text: string): string =>
      `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;
    const chunked = inChunks(evil);
    const json = "Content-Type: application/json\r\n";
    const rows: readonly (readonly [
      why: string,
      answer: Promise<{ readonly code: number; readonly text: string }>,
    ])[] = [
      ["a query", post("/v1.41/containers/create?name=x", evil)],
      ["a whole address", post("http://d/v1.41/containers/create", evil)],
      [
        "a dotless i, which Go takes for another key",
        post(
          "/v1.41/containers/create",
          evil.replace('"NetworkMode"', '"Pr\u0131vileged":false,"NetworkMode"'),
        ),
      ],
      [
        "a kelvin sign in a key",
        post("/v1.41/containers/create", evil.replace("NetworkMode", "Networ\u212AMode")),
      ],
      ["a query in the path of another route", post("/v1.41/containers/create%3fname=x", evil)],
      [
        "lower case",
        raw(
          `post /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${evil.length}\r\n\r\n${evil}`,
        ),
      ],
      ["no version", post("/containers/create", evil)],
      [
        "no media type",
        post("/v1.41/containers/create", evil, `Content-Length: ${evil.length}\r\n`),
      ],
      [
        "two media types",
        post(
          "/v1.41/containers/create",
          evil,
          `${json}Content-Type: text/plain\r\nContent-Length: ${evil.length}\r\n`,
        ),
      ],
      [
        "two media types, the body in chunks",
        post(
          "/v1.41/containers/web/exec",
          inChunks(`{"Cmd":["curl"]}`),
          `${json}Content-Type: text/plain\r\nTransfer-Encoding: chunked\r\n`,
        ),
      ],
      ["an encoded name", post("/v1.41/containers/%77eb/exec", `{"Cmd":["curl"]}`)],
      ["doubled slashes", post("//containers//create", evil)],
      ["an encoded letter", post("/v1.41/%63ontainers/create", evil)],
      ["dot segments", post("/v1.41/images/../containers/create", evil)],
      [
        "a charset",
        post(
          "/v1.41/containers/create",
          evil,
          `Content-Type: application/json; charset=utf-8\r\nContent-Length: ${evil.length}\r\n`,
        ),
      ],
      [
        "a body in chunks, which 20.10 does not show",
        post("/v1.41/containers/create", chunked, `${json}Transfer-Encoding: chunked\r\n`),
      ],
      [
        "a body beyond 1 MiB, which is not shown (CVE-2026-34040)",
        post("/v1.41/containers/create", big),
      ],
      [
        "Content-Length 0 (CVE-2024-41110)",
        post("/v1.41/containers/create", "", `${json}Content-Length: 0\r\n`),
      ],
      [
        "keys in small letters",
        post("/v1.41/containers/create", evil.replace("HostConfig", "hostconfig")),
      ],
      ["a long s", post("/v1.41/containers/create", evil.replace("HostConfig", "Ho\u017FtConfig"))],
      [
        "a repeated key",
        post(
          "/v1.41/containers/create",
          evil.replace(/}$/, `,"HostConfig":{"NetworkMode":"none"}}`),
        ),
      ],
      [
        "a repeated key in another case",
        post("/v1.41/containers/create", evil.replace(/}$/, `,"hostConfig":{}}`)),
      ],
      ["what follows the object", post("/v1.41/containers/create", `${evil}{"HostConfig":{}}`)],
      [
        "a start with a HostConfig of old",
        post(
          "/v1.23/containers/web/start",
          inChunks(`{"Privileged":true}`),
          `${json}Transfer-Encoding: chunked\r\n`,
        ),
      ],
      [
        "the engine's socket without its path",
        post("/v1.41/containers/create", mounts("apisocket")),
      ],
      [
        "files of an image that is not on the list",
        post("/v1.41/containers/create", mounts("image", images.busybox)),
      ],
      [
        "a service of an image that is not on the list",
        post("/v1.41/services/create", service({ Image: images.busybox })),
      ],
      [
        "a service with the host's files",
        post(
          "/v1.41/services/create",
          service({ Image: images.curl, Mounts: [{ Type: "bind", Source: "/etc", Target: "/x" }] }),
        ),
      ],
      ["an unknown route", post("/v1.41/containers/web/teleport", "{}")],
      [
        "a form that nobody is shown",
        post(
          "/v1.41/images/create?fromImage=busybox",
          "fromImage=evil",
          "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 14\r\n",
        ),
      ],
      [
        "an exec in chunks",
        post(
          "/v1.41/containers/web/exec",
          inChunks(`{"Cmd":["curl"]}`),
          `${json}Transfer-Encoding: chunked\r\n`,
        ),
      ],
      [
        "volumes from others",
        post(
          "/v1.41/containers/create",
          JSON.stringify({ ...good, HostConfig: { VolumesFrom: ["web"], Binds: ["/etc:/x"] } }),
        ),
      ],
    ];
    for (const [why, answer] of rows) {
      const { code, text } = await answer;
      // Older engines send such paths elsewhere by themselves, and know no such route before they ask.
      if (code === 301 || code === 404) continue;
      t.equal(code, 403, `${why}: ${text.slice(-300)}`);
      t.match(text, /was refused/, why);
    }
    const login = await post("/v1.41/auth", `{"username":"a","serveraddress":"127.0.0.1:1"}`);
    t.not(login.code, 403, "docker login, whose body nobody is shown");
    t.match(login.text, /HTTP/);
    // Two requests on one connection, the second before the first has its answer.
    const first = "GET /v1.41/containers/json HTTP/1.1\r\nHost: d\r\n\r\n";
    const second = `POST /v1.41/containers/create HTTP/1.1\r\nHost: d\r\nConnection: close\r\n${json}`;
    const both = await raw(`${first}${second}Content-Length: ${evil.length}\r\n\r\n${evil}`);
    t.match(both.text, /HTTP\/1\.1 200[^]*HTTP\/1\.1 403[^]*was refused/, "in one go");
    const upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n";
    const upgraded = await post(
      "/v1.41/containers/create",
      evil,
      `${upgrade}${json}Content-Length: ${evil.length}\r\n`,
    );
    t.equal(upgraded.code, 403, `another protocol is asked for: ${upgraded.text.slice(-200)}`);
    const named = await docker("exec", "build", "/bin/true");
    t.match(named.stderr, /No such container/, "a container's name is no route");
  });

  await t.test("a reload changes what the door says, and a pause opens it", async (t) => {
    daemon.rewrite({
      ...options,
      allowlist: allowlist.replace("byrnedo/alpine-curl", busyboxId),
    });
    t.equal((await daemon.run("reload")).code, 0);
    const made = await docker("create", "--network=none", images.busybox, "/bin/true");
    t.equal(made.code, 0, made.stderr);
    t.equal((await daemon.run("pause", "--for", "1h", "--reason", "test")).code, 0);
    const paused = await docker(
      "create",
      "--privileged",
      "--network=none",
      images.busybox,
      "/bin/true",
    );
    t.equal(paused.code, 0, paused.stderr);
    t.equal((await daemon.run("resume")).code, 0);
    t.match(
      (await docker("create", "--privileged", images.busybox, "/bin/true")).stderr,
      refusedBy("Keep off the host"),
    );
  });

  await t.test(
    "in monitor mode nothing is refused, and alerts say what would have been",
    async (t) => {
      daemon.rewrite({ ...options, mode: "monitor" });
      t.equal((await daemon.run("reload")).code, 0);
      const made = await docker("create", "--pid=host", "--network=none", images.curl);
      t.equal(made.code, 0, made.stderr);
      const alert = await daemon.alert(({ rule, execwarden }) => {
        return rule === "Create Container in Host Namespace" && execwarden.verdict === "allow";
      });
      t.match(alert.execwarden.outcomes, [{ action: "deny", status: "would-do" }]);
      t.equal((await post("/v1.41/containers/web/teleport", "{}")).code, 404);
    },
  );
}
