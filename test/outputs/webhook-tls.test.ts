// SPDX-License-Identifier: Apache-2.0
// A webhook over real TLS: an authority, a server and a client of the test's own making.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TLSSocket } from "node:tls";
import t, { type Test } from "tap";
import type { Output } from "../../daemon/model/ports.ts";
import { formatJson } from "../../daemon/outputs/format-json.ts";
import { createWebhookOutput, defaultWebhookLimits } from "../../daemon/outputs/webhook-output.ts";
import { createRecordingLog, type LogLine } from "../support/recording-log.ts";
import { until } from "../support/until.ts";
import { sampleAlert } from "./fixtures/alert.ts";

interface Identity {
  readonly cert: string;
  readonly key: string;
}

interface Authority extends Identity {
  /** A certificate that this authority has signed. */
  issue(commonName: string): Identity;
}

const waitMs = 60_000;
const keyOptions = ["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];

function createAuthority(directory: string, name: string): Authority {
  const path = (file: string): string => join(directory, `${name}-${file}`);
  const make = (...args: readonly string[]): void => {
    execFileSync("openssl", args, { stdio: ["ignore", "ignore", "pipe"] });
  };
  const read = (base: string): Identity => ({
    cert: readFileSync(path(`${base}.pem`), "utf8"),
    key: readFileSync(path(`${base}.key`), "utf8"),
  });
  make(
    ...["req", "-x509", "-days", "2", "-subj", `/CN=${name}`, ...keyOptions],
    ...["-keyout", path("ca.key"), "-out", path("ca.pem")],
  );
  return {
    ...read("ca"),
    issue(commonName) {
      const names = path("names");
      writeFileSync(names, "subjectAltName=IP:127.0.0.1\n");
      make(
        ...["req", "-subj", `/CN=${commonName}`, ...keyOptions],
        ...["-keyout", path(`${commonName}.key`), "-out", path("request")],
      );
      make(
        ...["x509", "-req", "-days", "2", "-in", path("request"), "-extfile", names],
        ...["-CA", path("ca.pem"), "-CAkey", path("ca.key"), "-CAcreateserial"],
        ...["-out", path(`${commonName}.pem`)],
      );
      return read(commonName);
    },
  };
}

interface Receiver {
  readonly url: URL;
  /** Common names of who has delivered. */
  readonly callers: readonly string[];
}

/** A receiver that takes alerts from nobody but whom `authority` has signed. */
async function startReceiver(t: Test, identity: Identity, authority: Identity): Promise<Receiver> {
  const callers: string[] = [];
  const options = { ...identity, ca: authority.cert, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (request, response) => {
    const { socket } = request;
    if (socket instanceof TLSSocket) callers.push(String(socket.getPeerCertificate().subject.CN));
    request.resume();
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: new URL(`https://127.0.0.1:${(server.address() as AddressInfo).port}/`), callers };
}

function webhook(
  url: URL,
  tls: { readonly ca?: string; readonly cert?: string; readonly key?: string },
): { readonly output: Output; readonly told: readonly LogLine[] } {
  const { log, lines: told } = createRecordingLog();
  const limits = { ...defaultWebhookLimits, firstPauseMs: 1, pauseMaxMs: 20 };
  return { told, output: createWebhookOutput({ name: "ops", url, tls, formatJson, log, limits }) };
}

const directory = mkdtempSync(join(tmpdir(), "execwarden-tls-"));
t.teardown(() => {
  rmSync(directory, { recursive: true });
});
const ours = createAuthority(directory, "ours");
const others = createAuthority(directory, "others");
const server = ours.issue("receiver");
const client = ours.issue("execwarden");

t.test("alerts go to a receiver of the authority that is trusted, who knows us", async (t) => {
  const { url, callers } = await startReceiver(t, server, ours);
  const { output, told } = webhook(url, { ca: ours.cert, ...client });
  for (let i = 0; i < 3; i++) output.write(sampleAlert({ uuid: `n${i}` }));
  await output.close(waitMs);
  t.match(output.counters(), { written: 3, dropped: 0, failed: 0, queued: 0 });
  t.strictSame(callers, ["execwarden", "execwarden", "execwarden"]);
  t.strictSame(told, []);
});

const refusals = [
  {
    name: "a receiver of another authority",
    tls: { ca: others.cert, ...client },
    why: /certificate.*: nobody that is trusted has signed its certificate; set tls\.ca_file/,
  },
  {
    name: "a receiver of an authority that nobody knows",
    tls: client,
    why: /certificate.*: nobody that is trusted has signed its certificate; set tls\.ca_file/,
  },
  {
    name: "a receiver who wants to know who we are",
    tls: { ca: ours.cert },
    why: /^tlsv13 alert certificate required: .*; set tls\.cert_file and tls\.key_file/,
  },
  {
    // It is told by an alert, or by a connection that ends: whichever is noticed first.
    name: "a receiver to whom another authority's word is nothing",
    tls: { ca: ours.cert, ...others.issue("stranger") },
    why: /unknown ca: .*; set tls\.cert_file|hang up|reset|EPIPE/,
  },
];
for (const { name, tls, why } of refusals) {
  t.test(`${name} gets nothing, and the log says why`, async (t) => {
    const { url, callers } = await startReceiver(t, server, ours);
    const { output, told } = webhook(url, tls);
    output.write(sampleAlert());
    await until(() => (output.counters().retries ?? 0) >= 2, waitMs);
    await output.close(100);
    t.strictSame(callers, []);
    t.match(output.counters(), { written: 0, dropped: 1 });
    t.equal(told.length, 1, "once");
    t.match(told[0], {
      level: "warn",
      message: "cannot deliver alerts; will try again",
      fields: { output: "ops", receiver: url.origin },
    });
    t.match(told[0]?.fields["why"], why);
  });
}

t.test("a receiver by another name than its certificate's gets nothing", async (t) => {
  const { url, callers } = await startReceiver(t, server, ours);
  url.hostname = "localhost";
  const { output, told } = webhook(url, { ca: ours.cert, ...client });
  output.write(sampleAlert());
  await until(() => told.length > 0, waitMs);
  await output.close(100);
  t.strictSame(callers, []);
  t.match(told[0]?.fields["why"], /altnames.*: the address has to be one that its certificate/);
});
