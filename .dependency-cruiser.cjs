// The import law of docs/architecture.md, checked by `make check`.
// SPDX-License-Identifier: Apache-2.0
const sees = {
  util: [],
  text: ["util"],
  model: ["util"],
  host: ["util", "text", "model"],
  kernel: ["util", "model"],
  tracer: ["util", "model"],
  enrich: ["util", "model"],
  lang: ["util", "text"],
  rules: ["util", "text", "model", "lang"],
  policy: ["util", "text", "model"],
  action: ["util", "model"],
  outputs: ["util", "model"],
  config: ["util", "text", "model"],
  control: ["util", "text", "model", "config"],
  cli: ["util", "text", "model", "lang", "rules", "policy", "config"],
};
const home = {
  dockerode: "host/docker",
  winston: "host/log",
  yaml: "text/yaml(-layout|-faults)?",
  zod: "text/schema",
  re2js: "lang/regex",
  commander: "cli/program",
};
const pure = ["util", "text", "model", "lang", "rules", "policy"];
const at = (names) => `^daemon/(${names.join("|")})/`;

module.exports = {
  forbidden: [
    ...Object.entries(sees).map(([name, seen]) => ({
      name: `${name}-sees-its-own`,
      severity: "error",
      from: { path: at([name]) },
      to: { path: "^daemon/", pathNot: at([name, ...seen]) },
    })),
    ...Object.entries(home).map(([pkg, file]) => ({
      name: `${pkg}-has-one-home`,
      severity: "error",
      from: { path: "^(daemon|plugin)/", pathNot: `^daemon/${file}\\.ts$` },
      to: { path: `node_modules/(@types/)?${pkg}/` },
    })),
    // The plugin gets rules, engine and outputs as ports; the process that the engine asks carries nothing else with it.
    {
      name: "plugin-sees-its-own",
      severity: "error",
      from: { path: "^plugin/" },
      to: { path: "^daemon/", pathNot: at(["util", "model"]) },
    },
    {
      name: "stages-know-no-plugin",
      severity: "error",
      from: { path: at(Object.keys(sees)) },
      to: { path: "^plugin/" },
    },
    {
      name: "pure-core",
      severity: "error",
      from: { path: at(pure) },
      to: { dependencyTypes: ["core"] },
    },
    { name: "no-cycles", severity: "error", from: {}, to: { circular: true } },
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
