// SPDX-License-Identifier: Apache-2.0
import { execFileSync } from "node:child_process";
import { chmodSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { readConfig } from "../daemon/config/read.ts";
import { withOutputFiles } from "../daemon/output-files.ts";

async function load(directory: string, webhook: object) {
  const text = JSON.stringify({
    outputs: { webhooks: [{ name: "ops", url: "https://h.example/", ...webhook }] },
  });
  const { config } = readConfig([{ name: directory, text }], {});
  if (config === undefined) throw new Error("the test's own configuration is wrong");
  const { config: loaded, diagnostics } = await withOutputFiles(config);
  return { loaded: loaded.outputs.webhooks[0]?.loaded, diagnostics };
}

t.test("headers, authority, certificate and key are read", async (t) => {
  const directory = t.testdir({
    headers: "# mine\n\nAuthorization: Bearer s3cret\nX-Team:  a b \n",
  });
  const [headers, cert, key] = ["headers", "cert.pem", "key.pem"].map((name) =>
    join(directory, name),
  );
  chmodSync(headers ?? "", 0o600);
  const subject = ["-subj", "/CN=h.example", "-days", "1", "-nodes", "-newkey", "rsa:2048"];
  const files = ["-keyout", key ?? "", "-out", cert ?? ""];
  execFileSync("openssl", ["req", "-x509", ...subject, ...files], { stdio: "ignore" });
  const { loaded, diagnostics } = await load(directory, {
    headers_file: headers,
    tls: { ca_file: cert, cert_file: cert, key_file: key },
  });
  t.strictSame(diagnostics, []);
  t.strictSame(loaded?.headers, { Authorization: "Bearer s3cret", "X-Team": "a b" });
  t.match(loaded?.key, /PRIVATE KEY/);
  t.equal(loaded?.ca, loaded?.cert);
});

t.test("what is wrong with them is told, without what is in them", async (t) => {
  const directory = t.testdir({ headers: "s3cret\nHost: s3cret\n", "ca.pem": "s3cret" });
  chmodSync(join(directory, "headers"), 0o644);
  const { diagnostics } = await load(directory, {
    headers_file: join(directory, "headers"),
    tls: { ca_file: join(directory, "ca.pem"), cert_file: "/nowhere/c", key_file: directory },
  });
  t.strictSame(diagnostics.map(({ code }) => code).sort(), [
    ...["file-missing", "file-readable", "file-unreadable"],
    ...["headers-file", "headers-file", "tls-files"],
  ]);
  t.notMatch(JSON.stringify(diagnostics), /s3cret/);
});
