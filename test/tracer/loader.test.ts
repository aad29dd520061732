// SPDX-License-Identifier: Apache-2.0
import t from "tap";
import { isLoaderPath, loadedProgram } from "../../daemon/tracer/loader.ts";

t.test("loaders are told by their names", (t) => {
  for (const path of [
    "/lib64/ld-linux-x86-64.so.2",
    "/lib/ld-musl-x86_64.so.1",
    "/lib/x86_64-linux-gnu/ld-2.31.so",
    "/lib64/ld64.so.2",
    "/lib/ld.so.1",
  ])
    t.equal(isLoaderPath(path), true, path);
  for (const path of ["/usr/bin/ld", "/usr/bin/ld.bfd", "/lib/libc.so.6", "/ld-linux.so.2/x", ""])
    t.equal(isLoaderPath(path), false, path);
  t.end();
});

t.test("what a loader runs", (t) => {
  const loader = "/lib64/ld-linux-x86-64.so.2";
  for (const { name, filename = loader, argv, by = "arguments", path } of [
    { name: "its first argument", argv: ["ld.so", "/usr/bin/curl", "-V"], path: "/usr/bin/curl" },
    { name: "from the working directory", argv: ["ld.so", "x"], path: "/work/x" },
    {
      name: "behind options, with and without values",
      argv: ["ld.so", "--library-path", "/lib", "--inhibit-cache", "--argv0", "nginx", "/x"],
      path: "/x",
    },
    { name: "behind --", argv: ["ld.so", "--", "--list"], path: "/work/--list" },
    { name: "musl's form", argv: ["ld.so", "--library-path=/lib", "/x"], path: "/x" },
    { name: "nothing", argv: ["ld.so", "--version"], path: "" },
    { name: "a descriptor", filename: "", argv: ["curl", "/y"], by: "unseen", path: "" },
    {
      name: "a file without a mark",
      filename: "/mnt/x",
      argv: ["x"],
      by: "unseen",
      path: "/mnt/x",
    },
  ])
    t.same(loadedProgram(filename, argv, "/work"), { by, path }, name);
  t.end();
});
