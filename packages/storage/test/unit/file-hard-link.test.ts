import { FileDriver } from "@omnisync/storage";
import {
  linkSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";

function disk(): { readonly root: string; readonly driver: FileDriver } {
  const root = mkdtempSync(join(tmpdir(), "omnisync-hard-link-"));
  const driver = new FileDriver({ root });
  onTestFinished(async () => {
    await driver.close();
    rmSync(root, { recursive: true });
  });
  writeFileSync(join(root, "a"), "1");
  return { root, driver };
}

it("makes another name of a file, creates parents and replaces what is there", async () => {
  const { root, driver } = disk();
  writeFileSync(join(root, "b"), "old");
  await driver.hardLink("a", "b");
  const entry = await driver.hardLink("a", "d/e/c");
  expect(entry).toMatchObject({ path: "d/e/c", kind: "file", size: 1 });
  expect(entry.etag).toBe((await driver.stat("a"))?.etag);
  expect(statSync(join(root, "a")).nlink).toBe(3);
  expect(readFileSync(join(root, "b"), "utf8")).toBe("1");
});

it("leaves nothing behind where both are names of one file already", async () => {
  const { root, driver } = disk();
  linkSync(join(root, "a"), join(root, "b"));
  await driver.hardLink("a", "b");
  expect(readdirSync(root).sort()).toEqual(["a", "b"]);
  expect(statSync(join(root, "a")).nlink).toBe(2);
});

it("keeps conditions, and refuses what is no file", async () => {
  const { root, driver } = disk();
  writeFileSync(join(root, "b"), "old");
  symlinkSync("a", join(root, "l"));
  await expect(driver.hardLink("a", "b", { ifNoneMatch: "*" })).rejects.toMatchObject({
    code: "precondition-failed",
  });
  await expect(driver.hardLink("a", "b", { ifMatch: "other" })).rejects.toMatchObject({
    code: "precondition-failed",
  });
  await expect(driver.hardLink("none", "b")).rejects.toMatchObject({ code: "not-found" });
  await expect(driver.hardLink("l", "b")).rejects.toMatchObject({ code: "unsupported" });
  await expect(driver.hardLink("../a", "b")).rejects.toMatchObject({ code: "invalid-path" });
  expect(readFileSync(join(root, "b"), "utf8")).toBe("old");
  expect(readdirSync(root).sort()).toEqual(["a", "b", "l"]);
});
