/** File systems that tell only at `close` that bytes did not arrive: NFS, SMB, FUSE. */
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { makeRoot } from "../unit/file-helpers.ts";
import { runAsNobody } from "./file-child.ts";

const FAILING_CLOSE = new URL("failing-close.ts", import.meta.url).href;

const WAYS: readonly (readonly [what: string, script: string])[] = [
  ["bytes", `await driver.write("file", Buffer.alloc(9));`],
  ["bytes over a known file", `await driver.write("file", Buffer.alloc(9), { ifMatch: etag });`],
  ["many bytes", `await driver.write("file", Buffer.alloc(3_000_000));`],
  [
    "a stream",
    `await driver.write("file", (async function* () { yield Buffer.alloc(400_000); })());`,
  ],
  ["a small copy", `await driver.copy({ driver, path: "small" }, "file");`],
  ["a large copy", `await driver.copy({ driver, path: "large" }, "file");`],
  ["a sparse copy", `await driver.copy({ driver, path: "large" }, "file", { sparse: true });`],
  ["durable bytes", `await driver.write("file", Buffer.alloc(9), { durable: true });`],
  [
    "a stage",
    `const stage = await driver.stage("file", 9, { hash: "blake3" });
     try {
       await stage.write(0, Buffer.alloc(9));
       await stage.commit();
     } catch (error) {
       console.log((await stage.commit().catch((again) => again)).code);
       await stage.abort();
       throw error;
     }`,
  ],
];

describe.runIf(process.platform === "linux")("a close that fails", () => {
  test.each(WAYS)("[SY-30] [ST-72] %s: told of, the old content stays", (what, script) => {
    const root = filledRoot();
    const before = `export NODE_OPTIONS="--import ${FAILING_CLOSE}";`;
    const told = `
      const { etag } = await driver.stat("file");
      try { ${script} } catch ({ code, path }) { console.log(code, path); }`;
    const again = what === "a stage" ? "closed\n" : "";
    expect(runAsNobody({ root, script: told, asIs: true, before })).toBe(`${again}no-space file`);
    expect(readFileSync(join(root, "file"), "utf8")).toBe("old");
    expect(readdirSync(root).sort()).toEqual(["dir", "file", "large", "small"]);
  });

  test("[ST-72] what is kept for later is closed, and says so too", () => {
    const root = filledRoot();
    const before = `export NODE_OPTIONS="--import ${FAILING_CLOSE}";`;
    const script = `
      const stage = await driver.stage("dir/file", 9);
      console.log((await stage.leftover.keep().catch((error) => error)).code);`;
    expect(runAsNobody({ root, script, asIs: true, before })).toBe("no-space");
    expect(readdirSync(join(root, "dir"))).toHaveLength(1);
  });
});

function filledRoot(): string {
  const root = makeRoot();
  mkdirSync(join(root, "dir"));
  writeFileSync(join(root, "file"), "old");
  writeFileSync(join(root, "small"), "small");
  writeFileSync(join(root, "large"), Buffer.alloc(3_000_000, 1));
  return root;
}
