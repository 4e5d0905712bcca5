/** What a move has waited for before it removes a source, told by what is asked of the two drivers. */
import { StorageError } from "@omnisync/storage";
import { intercept } from "@omnisync/storage/layers";
import { type Place, type SyncOptions, sync } from "@omnisync/sync";
import { linkSync, lutimesSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { type DiskPlace, diskPlace } from "../disk-place.ts";

interface Scene {
  readonly source: DiskPlace;
  readonly destination: DiskPlace;
}

function put({ root }: DiskPlace, name: string, text: string, seconds = 1e9): void {
  writeFileSync(join(root, name), text);
  utimesSync(join(root, name), seconds, seconds);
}

const scene = (): Scene => ({ source: diskPlace(), destination: diskPlace() });

/** The calls that change either side, or wait for its disk: by path, in the order in which they ended. */
async function callsOf(options: SyncOptions, { source, destination }: Scene): Promise<string[]> {
  const calls: { readonly path: string; readonly told: string }[] = [];
  const recorded = ({ driver }: DiskPlace): Place => ({
    path: "",
    driver: intercept(driver, {
      async around({ operation, path, options: given }, run) {
        const result = await run();
        const isDurable = given !== undefined && "durable" in given && given.durable === true;
        const told = `${operation} ${path}${isDurable ? " durable" : ""}`;
        if (TOLD.has(operation) && path !== "") calls.push({ path, told });
        return result;
      },
    }),
  });
  await sync(recorded(source), recorded(destination), options);
  return calls.toSorted((a, b) => (a.path < b.path ? -1 : 1)).map(({ told }) => told);
}

const TOLD: ReadonlySet<string> = new Set([
  ...["copy", "flush", "hardLink", "makeSpecial", "remove", "setAttributes", "writeLink"],
]);

it("[SY-64] a link", async () => {
  const { source, destination } = scene();
  symlinkSync("target", join(source.root, "link"));
  expect(await callsOf({ move: true }, { source, destination })).toEqual([
    "writeLink link durable",
    "remove link",
  ]);
});

it("[SY-64] further names of a file, also one that is there already", async () => {
  for (const isThere of [false, true]) {
    const { source, destination } = scene();
    for (const at of isThere ? [source, destination] : [source]) {
      put(at, "a", "x");
      linkSync(join(at.root, "a"), join(at.root, "b"));
    }
    const calls = await callsOf({ move: true, preserveHardLinks: true }, { source, destination });
    expect(calls).toContain(isThere ? "flush b" : "hardLink b durable");
  }
});

it("[SY-64] what is there already, and what only its attributes were set of", async () => {
  const { source, destination } = scene();
  for (const at of [source, destination]) put(at, "same", "x");
  put(source, "time", "y", 1e9);
  put(destination, "time", "y", 2e9);
  for (const at of [source, destination]) {
    symlinkSync("target", join(at.root, "link"));
    lutimesSync(join(at.root, "link"), 1e9, 1e9);
  }
  const calls = await callsOf({ move: true, checksum: true }, { source, destination });
  expect(calls).toEqual([
    ...["flush link", "remove link", "flush same", "remove same"],
    ...["setAttributes time", "flush time", "remove time"],
  ]);
});

it("[SY-64] a source stays if what is there cannot be put on the disk", async () => {
  const { source, destination } = scene();
  for (const at of [source, destination]) put(at, "same", "x");
  destination.driver.flush = () => Promise.reject(new StorageError("internal"));
  const report = await sync(source, destination, { move: true });
  expect(report).toMatchObject({ failed: 1, sourcesRemoved: 0 });
  expect(await source.driver.stat("same")).toMatchObject({ size: 1 });
});

it("[SY-64] nothing is waited for where no source goes", async () => {
  const { source, destination } = scene();
  for (const at of [source, destination]) put(at, "same", "x");
  symlinkSync("target", join(source.root, "link"));
  expect(await callsOf({}, { source, destination })).toEqual(["writeLink link"]);
  expect(await callsOf({ move: true, dryRun: true }, { source, destination })).toEqual([]);
});
