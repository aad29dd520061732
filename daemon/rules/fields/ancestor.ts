// SPDX-License-Identifier: Apache-2.0
import type { ExecEvent } from "../../model/event.ts";
import type { FieldSpec } from "../../lang/field.ts";
import {
  ancestorField,
  anyAncestor,
  findAncestor,
  findProcess,
  type AncestorFact,
} from "./ancestry.ts";
import { indexOf, readOne } from "./define.ts";
import { argumentLine, commandLine, variable } from "./process.ts";

const environment: AncestorFact = {
  name: "proc.aenv",
  type: "string",
  description: "environment of ancestors; [NAME] the first value found upward",
  get: (process) => process.env.join(" "),
};

/** proc.a*: facts of the ancestors. */
export const ancestorFields: readonly FieldSpec<ExecEvent>[] = [
  ancestorField({
    name: "proc.aname",
    type: "string",
    description: "comm of ancestors",
    get: (process) => process.comm,
  }),
  ancestorField({
    name: "proc.aexe",
    type: "string",
    description: "argv[0] of ancestors",
    get: (process) => process.exe,
  }),
  ancestorField({
    name: "proc.aexepath",
    type: "string",
    description: "executable of ancestors",
    get: (process) => process.exepath,
  }),
  ancestorField({
    name: "proc.acmdline",
    type: "string",
    description: "command line of ancestors",
    get: commandLine,
  }),
  {
    name: "proc.aargs",
    type: "string",
    description: "arguments of the ancestor with that index; without one, of the process itself",
    argument: "optional",
    cost: 6,
    bind: (argument) => {
      const index = argument === undefined ? 0 : indexOf(argument);
      if (index === undefined) return { kind: "invalid-argument", expected: "a number" };
      return readOne(({ process }) => {
        const ancestor = findAncestor(process, index);
        return ancestor === undefined ? undefined : argumentLine(ancestor);
      });
    },
  },
  {
    ...ancestorField({
      name: "proc.apid",
      type: "i64",
      description: "process id of ancestors; printed without an index: of the process itself",
      get: (process) => process.pid,
      print: ({ process }) => process.pid,
    }),
    membership: "never",
  },
  {
    ...ancestorField(environment),
    bind: (argument) => {
      if (argument === undefined) return anyAncestor(environment);
      const index = indexOf(argument);
      return readOne(({ process }) => {
        if (index !== undefined) return findAncestor(process, index)?.env.join(" ");
        const owner = findProcess(process, (item) => variable(item, argument) !== undefined);
        return owner === undefined ? undefined : variable(owner, argument);
      });
    },
  },
];
