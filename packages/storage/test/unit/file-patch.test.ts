import { FileDriver } from "@omnisync/storage";
import { readOnly } from "@omnisync/storage/layers";
import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

let root: string;
let driver: FileDriver;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "omnisync-test-"));
  driver = new FileDriver({ root });
});
afterEach(async () => {
  await driver.close();
  rmSync(root, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("patch", () => {
  it("[ST-7] takes nothing but bytes", async () => {
    const patch = await driver.patch("f");
    for (const odd of ["text", Uint16Array.of(1, 2)])
      await expect(patch.write(0, odd as never)).rejects.toMatchObject({
        code: "invalid-argument",
      });
    expect(await patch.close(0)).toMatchObject({ size: 0 });
  });

  it("[ST-270] writes into the file that is there, and ends it where told", async () => {
    writeFileSync(join(root, "f"), "0123456789");
    const { ino } = statSync(join(root, "f"));
    const patch = await driver.patch("f");
    expect(patch.entry).toMatchObject({ path: "f", size: 10 });
    await Promise.all([patch.write(2, bytes("ab")), patch.write(6, bytes("cd"))]);
    expect(readFileSync(join(root, "f"), "utf8")).toBe("01ab45cd89");
    expect(await patch.close(7, { durable: true })).toMatchObject({ size: 7 });
    expect(readFileSync(join(root, "f"), "utf8")).toBe("01ab45c");
    expect(statSync(join(root, "f")).ino).toBe(ino);
    await expect(patch.write(0, bytes("x"))).rejects.toMatchObject({ code: "closed" });
    await patch.leave();
  });

  it("[ST-270] makes a missing file and its parents; one that is left keeps what was written", async () => {
    const patch = await driver.patch("a/b/c", { ifNoneMatch: "*" });
    await patch.write(0, bytes("half"));
    await patch.leave();
    expect(readFileSync(join(root, "a/b/c"), "utf8")).toBe("half");
  });

  it("[ST-271] refuses what is no file, without opening it, and leads through no link", async () => {
    writeFileSync(join(root, "f"), "kept");
    symlinkSync("f", join(root, "link"));
    mkdirSync(join(root, "directory"));
    symlinkSync("directory", join(root, "way"));
    execFileSync("mkfifo", [join(root, "fifo")]);
    await expect(driver.patch("directory")).rejects.toMatchObject({ code: "is-a-directory" });
    for (const path of ["link", "fifo"])
      await expect(driver.patch(path)).rejects.toMatchObject({ code: "unsupported" });
    await expect(driver.patch("way/x")).rejects.toMatchObject({ code: "not-a-directory" });
    expect(existsSync(join(root, "directory/x"))).toBe(false);
    expect(readFileSync(join(root, "f"), "utf8")).toBe("kept");
    await expect(driver.patch("../x")).rejects.toMatchObject({ code: "invalid-path" });
  });

  it("[ST-271] refuses another version than the one that was expected", async () => {
    writeFileSync(join(root, "f"), "kept");
    for (const condition of [{ ifMatch: "other" }, { ifNoneMatch: "*" as const }])
      await expect(driver.patch("f", condition)).rejects.toMatchObject({
        code: "precondition-failed",
      });
    const { etag } = (await driver.stat("f"))!;
    await (await driver.patch("f", { ifMatch: etag })).leave();
  });

  it("[ST-271] is refused by a read-only view", async () => {
    writeFileSync(join(root, "f"), "kept");
    await expect(readOnly(driver).patch?.("f")).rejects.toMatchObject({ code: "read-only" });
  });
});
