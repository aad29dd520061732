// SPDX-License-Identifier: Apache-2.0
import type { DiagnosticTexts } from "../text/diagnostic-texts.ts";

/** Codes of the faults of a configuration that its schema alone cannot tell. */
export const configDiagnosticTexts = {
  "repeated-output": "Two webhooks have the same name. Policies name outputs, so names are unique.",
  "docker-host": "The environment variable DOCKER_HOST does not hold an address of an engine.",
  "headers-file": "A file of headers holds a line that is no header, or one that is set already.",
  "file-readable": "A file that holds a secret can be read by others than its owner and group.",
  "tls-files": "Certificates or key of a webhook cannot be used as they are.",
} as const satisfies DiagnosticTexts;
