// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../../util/byte-string.ts";
import { appletOf } from "../../model/applet.ts";
import type { ExecEvent } from "../../model/event.ts";
import type { ExecutedFile } from "../../model/process.ts";
import type { FieldSpec } from "../../lang/field.ts";
import { plainFields } from "./define.ts";

/** What was really opened, whatever it is called. Not Falco's, but for proc.is_exe_*_layer. */
export const identityFields: readonly FieldSpec<ExecEvent>[] = plainFields<ExecEvent>([
  [
    "proc.exe_sha256",
    "string",
    "SHA-256 of the executable, 64 hex digits; without a value where it is not known in time",
    ({ content, loaded }) => (loaded === undefined ? content?.sha256 : undefined),
  ],
  ["proc.exe_from_image", "bool", "the image ships the executable, unchanged", isFromImage],
  [
    "proc.image_path",
    "string",
    "where the image ships these very bytes",
    ({ content, loaded }) => (loaded === undefined ? content?.imagePaths[0] : undefined),
  ],
  ["proc.is_exe_upper_layer", "bool", "the container wrote the executable", isFromUpperLayer],
  ["proc.is_exe_lower_layer", "bool", "the executable is in the image's layers", isFromImage],
  ["proc.script", "string", "the script that an interpreter runs for a #! line", scriptOf],
  [
    "proc.interpreter",
    "string",
    "the interpreter that runs the script",
    ({ interpreter }) => interpreter?.path,
  ],
  [
    "proc.applet",
    "string",
    "what a multi-call program such as busybox runs as: by argv[0], or its first argument",
    (event) => appletOf(event, event.content?.imagePaths[0]),
  ],
  [
    "proc.loader",
    "string",
    "the ELF loader that was opened first; proc.exepath is what it was told to run",
    ({ loaded, file }) => (loaded === undefined ? undefined : file.path),
  ],
  [
    "proc.loader_argument",
    "string",
    "what the arguments tell the loader to run",
    ({ loaded, process }) => (loaded === undefined ? undefined : firstOperand(process.argv)),
  ],
]);

function isFromImage(event: ExecEvent): boolean | undefined {
  if (event.container?.createdNs === undefined) return undefined;
  if (event.loaded !== undefined) return false;
  const files = event.interpreter === undefined ? [event.file] : [event.file, event.interpreter];
  return files.every((file) => isOlder(file, event));
}

function isFromUpperLayer(event: ExecEvent): boolean {
  const file = event.interpreter ?? event.file;
  return file.isOnRoot === true && !isOlder(file, event);
}

// Whatever a container writes has a ctime (which nobody can set) behind its creation.
function isOlder({ isOnRoot, ctimeNs }: ExecutedFile, { container }: ExecEvent): boolean {
  return isOnRoot === true && ctimeNs < (container?.createdNs ?? 0n);
}

function scriptOf({ interpreter, file }: ExecEvent): ByteString | undefined {
  return interpreter === undefined ? undefined : file.path;
}

function firstOperand(argv: readonly ByteString[]): ByteString | undefined {
  return argv.find((word, index) => index > 0 && !word.startsWith("-"));
}
