import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeAtomically } from "../../src/drivers/file/atomic-write.ts";
import { ConfinedTree } from "../../src/drivers/file/confined-tree.ts";
import { makeRoot } from "./file-helpers.ts";

it("[ST-75] what is not what was written is not taken for it", () => {
  const root = makeRoot();
  const tree = new ConfinedTree({ root, follow: false, create: false });
  const write = (told: number, mtime?: number) => () =>
    writeAtomically(tree.place("f"), "f", { umask: 0o022, mtime }, (fd) => {
      writeSync(fd, "abc");
      return told;
    });
  expect(write(3, 1000)()[1]).toBe(3);
  expect(write(2, 1000)).toThrow(expect.objectContaining({ code: "changed" }));
  expect(readFileSync(join(root, "f"), "utf8")).toBe("abc");
  // Without a time it was looked at, and is known whatever was told of it.
  expect(write(2)()[1]).toBe(3);
  tree.release();
});
