// SPDX-License-Identifier: Apache-2.0
import { Command as Node, CommanderError, Option } from "commander";
import type { Command, CommandContext, CommandInput } from "./command.ts";
import { commands, groups } from "./commands.ts";
import { exitCodes, exitCodesHelp } from "./exit-codes.ts";

/** The command line as a whole. */
export interface Program {
  /** Runs what the arguments (without node and script) ask for; answers with the exit code. Never rejects for bad usage. */
  run(args: readonly string[]): Promise<number>;
}

/** Builds the program out of the table of commands; this file alone knows commander. */
export function createProgram(context: CommandContext): Program {
  return {
    async run(args) {
      const output = createOutput(context);
      let exitCode: number = exitCodes.ok;
      const root = createRoot(output, context.defaults.version, async (command, input) => {
        exitCode = await command.run(input, context);
      });
      try {
        await root.parseAsync(args, { from: "user" });
      } catch (error) {
        if (!(error instanceof CommanderError)) throw error;
        exitCode = error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
      }
      await output.flush();
      return exitCode;
    },
  };
}

/** Commander writes synchronously; the terminal does not. */
interface Output {
  readonly writeOut: (text: string) => void;
  readonly writeErr: (text: string) => void;
  flush(): Promise<void>;
}

function createOutput({ terminal }: CommandContext): Output {
  let written = Promise.resolve();
  return {
    writeOut: (text) => {
      written = written.then(() => terminal.writeOut(text));
    },
    writeErr: (text) => {
      written = written.then(() => terminal.writeError(text));
    },
    flush: () => written,
  };
}

type Act = (command: Command, input: CommandInput) => Promise<void>;

function createRoot(output: Output, version: string, act: Act): Node {
  const { writeOut, writeErr } = output;
  // Commander copies these settings to the commands that are added.
  const root = new Node("execwarden")
    .exitOverride()
    .configureOutput({ writeOut, writeErr })
    .showHelpAfterError("(see --help)")
    .version(version, "--version", "print the version of this program")
    .description("The Falco rules you have, enforced on a plain Docker host")
    .addHelpText("after", exitCodesHelp);
  for (const command of commands) addCommand(root, command, act);
  return root;
}

function addCommand(root: Node, command: Command, act: Act): void {
  const node = nodeAt(root, command.path);
  node.summary(command.summary).description(command.summary);
  node.addHelpText("after", command.help);
  if (command.arguments !== undefined) {
    node.argument(`[${command.arguments.name}...]`, command.arguments.description);
  }
  for (const { flags, description, choices, defaultText } of command.options) {
    const shown =
      defaultText === undefined ? description : `${description} (default: ${defaultText})`;
    const option = new Option(flags, shown);
    if (choices !== undefined) option.choices(choices);
    node.addOption(option);
  }
  node.action(() => act(command, inputOf(node)));
}

/** Finds or makes the node of a path such as `rules check`. */
function nodeAt(root: Node, path: readonly string[]): Node {
  let node = root;
  for (const name of path) {
    node =
      node.commands.find((child) => child.name() === name) ??
      node.command(name).description(groups[name] ?? "");
  }
  return node;
}

function inputOf(node: Node): CommandInput {
  const options: Record<string, string | true> = {};
  const given: [string, unknown][] = Object.entries(node.opts());
  for (const [name, value] of given) {
    if (typeof value === "string" || value === true) options[name] = value;
  }
  return { arguments: node.args, options };
}
