/** `bin/omnisync.js` tells the program by which name it was called: `rsync` is another command line. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { createTree } from "../temp-tree.ts";

const BIN = fileURLToPath(new URL("../../bin/", import.meta.url));

test.each(["rsync", "omnisync", "omnisync.js"])("called by the name %s", (name) => {
  const root = createTree();
  for (const directory of ["bin", "bundle", "links"]) mkdirSync(join(root, directory));
  for (const file of ["omnisync.js", "package.json"]) {
    copyFileSync(join(BIN, file), join(root, "bin", file));
  }
  writeFileSync(join(root, "bundle/package.json"), '{ "type": "commonjs" }');
  writeFileSync(join(root, "bundle/main.js"), "exports.main = (called) => console.log(called);");
  symlinkSync("../bin/omnisync.js", join(root, "links", name));
  const out = execFileSync(process.execPath, [join(root, "links", name)], {
    encoding: "utf8",
    env: { XDG_CACHE_HOME: root },
  });
  expect(out.trim()).toBe(name);
});
