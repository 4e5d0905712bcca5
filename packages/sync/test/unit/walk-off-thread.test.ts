/** A walk that ran in the caller's thread would hold up every transfer, and all else that the program does. */
import { openDriver } from "@omnisync/storage";
import { type SyncOptions, check, sync } from "@omnisync/sync";
import fs, { mkdirSync, writeFileSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { diskPlace } from "../disk-place.ts";
import { place, storeWith } from "../stores.ts";

const LOOKING = /^(readdir|opendir|l?stat|fstat|scandir)/;

/** Calls by which this thread looks at directories and files from now on, however they are made. */
function looksOfThisThread(): string[] {
  const looks: string[] = [];
  for (const module of [fs, fs.promises] as unknown as Record<string, unknown>[]) {
    for (const [name, original] of Object.entries(module)) {
      if (typeof original !== "function" || !LOOKING.test(name)) continue;
      module[name] = (...args: unknown[]): unknown => {
        looks.push(name);
        return Reflect.apply(original, module, args);
      };
      onTestFinished(() => void (module[name] = original));
    }
  }
  syncBuiltinESMExports();
  onTestFinished(() => syncBuiltinESMExports());
  return looks;
}

function treeOnDisk(directories: number, files: number): ReturnType<typeof diskPlace> {
  const disk = diskPlace();
  for (let d = 0; d < directories; d++) {
    mkdirSync(join(disk.root, `d${d}`));
    for (let f = 0; f < files; f++) writeFileSync(join(disk.root, `d${d}/f${f}`), "1");
  }
  return disk;
}

it.each<[string, SyncOptions]>([
  ["all at once", {}],
  ["with extras", { delete: true, deleteTiming: "before" }],
  ["with links that are followed", { links: "follow" }],
  ["with owners", { preserveOwner: true, preserveGroup: true }],
])("[SY-10] a local directory is walked off the main thread: %s", async (_, options) => {
  const disk = treeOnDisk(5, 40);
  const to = place(await storeWith({ extra: "1" }));
  const looks = looksOfThisThread();
  const report = await sync(disk, to, { ...options, dryRun: true });
  expect(report).toMatchObject({ created: 200, failed: 0 });
  expect(looks).toEqual([]);
});

it("[SY-10] and so it is at both sides of a check", async () => {
  const [one, other] = [treeOnDisk(2, 10), treeOnDisk(2, 10)];
  const looks = looksOfThisThread();
  expect(await check(one, other, { sizeOnly: true })).toMatchObject({ match: 20, inSync: true });
  expect(looks).toEqual([]);
});

it("a walk in this thread would be seen", async () => {
  const disk = treeOnDisk(1, 10);
  const here = await openDriver({ driver: "file", root: disk.root }, { calls: "few" });
  const looks = looksOfThisThread();
  const names: string[] = [];
  for await (const page of here.list("d0")) names.push(...page.map(({ path }) => path));
  await here.close();
  expect(names).toHaveLength(10);
  expect(looks).toContain("readdirSync");
});
