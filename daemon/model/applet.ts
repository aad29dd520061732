// SPDX-License-Identifier: Apache-2.0
import type { ByteString } from "../util/byte-string.ts";
import type { ExecEvent } from "./event.ts";

const multiCallNames = new Set(["busybox", "toybox", "coreutils", "sbase-box", "ubase-box"]);

/**
 * What a multi-call program such as busybox runs as, by argv[0] or its first argument: a claim. Undefined for other
 * programs, told by the path that was opened and by `imagePath`, where the image has these bytes.
 */
export function appletOf(event: ExecEvent, imagePath: ByteString = ""): ByteString | undefined {
  const words = argumentsOf(event, imagePath);
  return words?.isOfMany === true ? words.applet : undefined;
}

/**
 * The same as such a program sees it itself: a copy that has the name of an applet is that applet, whatever its first
 * argument is.
 */
export function calledAppletOf(
  event: ExecEvent,
  imagePath: ByteString = "",
): ByteString | undefined {
  const words = argumentsOf(event, imagePath, true);
  return words?.isOfMany === true ? words.applet : undefined;
}

/** The first argument: for a multi-call program the one behind its applet. Undefined where argv is not known. */
export function operandOf(event: ExecEvent, imagePath: ByteString = ""): ByteString | undefined {
  return argumentsOf(event, imagePath, true)?.operand;
}

/** Whether a program does what it is called as, by the path that was opened and the one that the image has. */
export function isMultiCall(exepath: ByteString, imagePath: ByteString): boolean {
  return multiCallNames.has(lastPart(exepath)) || multiCallNames.has(lastPart(imagePath));
}

function argumentsOf(
  { process: { argv, exepath }, isArgvKnown }: ExecEvent,
  imagePath: ByteString,
  isStrict = false,
):
  | {
      readonly isOfMany: boolean;
      readonly applet: ByteString;
      readonly operand: ByteString | undefined;
    }
  | undefined {
  if (!isArgvKnown) return undefined;
  const isOfMany = isMultiCall(exepath, imagePath);
  const called = lastPart(argv[0] ?? "").replace(/^-/, "");
  // Under its own name, or one that is no applet's, it looks at the next word.
  const isNamedSo = !isStrict && called === lastPart(exepath);
  const isOwnName = isOfMany && (isNamedSo || multiCallNames.has(called));
  const applet = isOwnName ? lastPart(argv[1] ?? "") : called;
  return { isOfMany, applet, operand: argv[isOwnName ? 2 : 1] };
}

function lastPart(path: ByteString): ByteString {
  return path.slice(path.lastIndexOf("/") + 1);
}
