/** Files that are opened for threads that read by themselves. */
import { appendFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Throttle, disable, throttle } from "@omnisync/storage/layers";
import { expect, test } from "vitest";
import { failure, makeRoot, openFileDriver } from "./file-helpers.ts";

test.each<readonly [how: string, change: (path: string) => void]>([
  ["grows", (path) => appendFileSync(path, "x")],
  ["is written into", (path) => writeFileSync(path, "other", { flag: "r+" })],
  ["is touched", (path) => utimesSync(path, 1, 1)],
])("[ST-184] a file that %s is not confirmed", async (_how, change) => {
  const root = makeRoot();
  writeFileSync(join(root, "f"), "content");
  const opened = await openFileDriver(root).openFile("f");
  await opened.confirm();
  await new Promise((resolve) => setTimeout(resolve, 20));
  change(join(root, "f"));
  expect((await failure(opened.confirm())).code).toBe("changed");
  await opened.close();
});

test("[ST-184] not past a layer that sees to content, nor without blocks", () => {
  const driver = openFileDriver();
  expect(throttle(driver, new Throttle(1000)).openFile).toBeUndefined();
  expect(disable(driver, "readBlock").openFile).toBeUndefined();
  expect(disable(driver, "conditions").openFile).toBeDefined();
});
