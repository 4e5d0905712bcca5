import { expect } from "vitest";
import { bytesOf, expectOnly, getText, put, putAll, refused, visible } from "./content.ts";
import { ODD_NAMES } from "./odd-names.ts";
import type { Suite } from "./suite.ts";

export function addMoveTests(suite: Suite): void {
  const { capabilities } = suite;
  if (!capabilities.move) return;
  const mtime = Date.UTC(2003, 3, 3);

  suite.test("ST-140", "a file, with its attributes, into new directories", async ({ driver }) => {
    const before = await driver.write("dir/file", bytesOf("content"), { mtime });
    await driver.move!("dir/file", "new/dirs/moved");
    const after = await driver.stat("new/dirs/moved");
    expect(after).toMatchObject({ kind: "file", size: 7 });
    expect(after?.mtime).toBe(before.mtime);
    await expectOnly(driver, "new/dirs/moved", "content");
  });

  suite.test("ST-140", "onto a file", async ({ driver }) => {
    await put(driver, "from", "new content");
    await put(driver, "to", "old");
    await driver.move!("from", "to");
    await expectOnly(driver, "to", "new content");
  });

  suite.test("ST-12 ST-140", "odd names", async ({ driver }) => {
    await Promise.all(
      ODD_NAMES.map(async (name) => {
        await put(driver, `from/${name}`, name);
        await driver.move!(`from/${name}`, `to/${name}`);
        expect(await getText(driver, `to/${name}`), JSON.stringify(name)).toBe(name);
        expect(await driver.stat(`from/${name}`), JSON.stringify(name)).toBeUndefined();
      }),
    );
  });

  suite.test(
    "ST-141",
    "a directory with all below it, and nothing beside it",
    async ({ driver }) => {
      await putAll(driver, ["dir/file", "dir/sub/file", "dir0", "dir.txt"]);
      await driver.move!("dir", "moved/here");
      expect(await visible(driver)).toEqual([
        "dir.txt",
        "dir0",
        "moved/here/file",
        "moved/here/sub/file",
      ]);
      expect(await driver.stat("dir")).toBeUndefined();
      expect(await getText(driver, "moved/here/sub/file")).toBe("dir/sub/file");
    },
  );

  suite.test("ST-142", "missing, and onto itself", async ({ driver }) => {
    await putAll(driver, ["dir/file", "file"]);
    await refused(driver.move!("none", "file"), "not-found");
    await driver.move!("file", "file");
    await driver.move!("dir", "dir");
    expect(await visible(driver)).toEqual(["dir/file", "file"]);
  });

  suite.test("ST-143", "a directory into itself, and onto a filled one", async ({ driver }) => {
    await putAll(driver, ["dir/file", "dir/sub/file", "full/file"]);
    await refused(driver.move!("dir", "dir/sub/below"), "invalid-argument");
    await refused(driver.move!("dir", "full"), "directory-not-empty");
    expect(await visible(driver)).toEqual(["dir/file", "dir/sub/file", "full/file"]);
    expect(await getText(driver, "full/file")).toBe("full/file");
  });

  suite.test(
    "ST-65 ST-140",
    "a target being replaced is never missing",
    async ({ driver, reopen }) => {
      const reader = await reopen();
      await put(driver, "to", "0");
      let moving = true;
      const watching = (async () => {
        while (moving) expect(await reader.stat("to")).toBeDefined();
      })();
      try {
        for (let i = 1; i <= 30; i++) {
          await put(driver, "from", String(i));
          await driver.move!("from", "to");
        }
      } finally {
        moving = false;
        await watching;
      }
      await expectOnly(driver, "to", "30");
    },
  );

  suite.test("ST-3", "aborted", async ({ driver }) => {
    await put(driver, "file", "content");
    await refused(driver.move!("file", "moved", { signal: AbortSignal.abort() }), "aborted");
    await expectOnly(driver, "file", "content");
  });
}
