// Reads the files that the configuration of outputs names: headers that are secret, certificates, keys.
// SPDX-License-Identifier: Apache-2.0
import { stat } from "node:fs/promises";
import { createSecureContext } from "node:tls";
import type { Config, WebhookConfig } from "./config/config.ts";
import { readHeadersFile } from "./config/headers-file.ts";
import { readSources } from "./host/files.ts";
import { errorAt, warningAt, type Diagnostic } from "./text/diagnostic.ts";

/** The configuration with the texts of those files in it, and everything that is wrong with them. */
export interface OutputFilesResult {
  readonly config: Config;
  readonly diagnostics: readonly Diagnostic[];
}

/** Reads them all. What is in them is told to nobody. */
export async function withOutputFiles(config: Config): Promise<OutputFilesResult> {
  const diagnostics: Diagnostic[] = [];
  const webhooks: WebhookConfig[] = [];
  for (const webhook of config.outputs.webhooks) {
    const loaded = await load(webhook, diagnostics);
    webhooks.push({ ...webhook, ...(loaded === undefined ? {} : { loaded }) });
  }
  return { config: { ...config, outputs: { ...config.outputs, webhooks } }, diagnostics };
}

async function load(
  webhook: WebhookConfig,
  diagnostics: Diagnostic[],
): Promise<WebhookConfig["loaded"]> {
  const { headersFile, tls } = webhook;
  if (headersFile === undefined && Object.keys(tls).length === 0) return undefined;
  const text = async (path: string | undefined, isSecret: boolean): Promise<string | undefined> =>
    path === undefined ? undefined : await readOne({ path, isSecret }, diagnostics);
  const ca = await text(tls.caFile, false);
  const cert = await text(tls.certFile, false);
  const key = await text(tls.keyFile, true);
  const loaded = {
    headers: readHeaders(headersFile, await text(headersFile, true), diagnostics),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
  };
  diagnostics.push(...checkTls(webhook, loaded));
  return loaded;
}

function readHeaders(
  name: string | undefined,
  text: string | undefined,
  diagnostics: Diagnostic[],
): Readonly<Record<string, string>> {
  if (name === undefined || text === undefined) return {};
  const { headers, diagnostics: faults } = readHeadersFile({ name, text });
  diagnostics.push(...faults);
  return headers;
}

async function readOne(
  { path, isSecret }: { readonly path: string; readonly isSecret: boolean },
  diagnostics: Diagnostic[],
): Promise<string | undefined> {
  const { sources, diagnostics: faults } = await readSources([path]);
  diagnostics.push(...faults);
  // A directory of YAML files is no such file.
  const source = sources.find(({ name }) => name === path);
  if (source === undefined) {
    if (faults.length === 0)
      diagnostics.push(
        errorAt({ code: "file-unreadable", message: `cannot read "${path}": it is no file` }),
      );
    return undefined;
  }
  const othersMayRead = 0o004;
  if (isSecret && ((await stat(path)).mode & othersMayRead) !== 0) {
    const message = `cannot keep "${path}" secret: everyone may read it; chmod o-r it`;
    diagnostics.push(warningAt({ code: "file-readable", message }));
  }
  return source.text;
}

function checkTls(
  { name, tls }: WebhookConfig,
  { ca, cert, key }: NonNullable<WebhookConfig["loaded"]>,
): readonly Diagnostic[] {
  const given = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert, key }),
  };
  try {
    createSecureContext(given);
    if (ca !== undefined && !ca.includes("-----BEGIN "))
      throw new Error(`"${tls.caFile ?? ""}" holds no PEM certificate`);
    return [];
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    const files = Object.values(tls).join(", ");
    const message = `cannot use the certificates of the webhook "${name}" (${files}): ${why}`;
    return [errorAt({ code: "tls-files", message })];
  }
}
