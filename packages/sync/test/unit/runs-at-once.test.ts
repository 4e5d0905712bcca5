/** Two runs at the same time into one place: what the other has just made is no other spelling of a name. */
import { intercept } from "@omnisync/storage/layers";
import { type SyncOptions, sync } from "@omnisync/sync";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { diskPlace } from "../disk-place.ts";
import { contents, place, recorder, storeWith } from "../stores.ts";

const FILES = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`f${i}`, String(i)]));

/** A run that finds each file to have been made a moment ago by another one, whose `then` follows. */
async function runBehind(options: SyncOptions, then: "copy" | "move") {
  const source = await storeWith(FILES);
  const { driver, root } = diskPlace();
  const made = new Set<string>();
  const makeFirst = async (path: string): Promise<void> => {
    made.add(path);
    writeFileSync(join(root, path), FILES[path]!);
    if (then === "move") await source.remove(path);
  };
  const to = intercept(driver, {
    around: async ({ operation, path }, run) => {
      if (operation === "write" && !made.has(path)) await makeFirst(path);
      return run();
    },
    // So slow that a listing is kept for the whole run.
    page: async (_, run) => {
      const page = await run();
      await sleep(20);
      return page;
    },
  });
  const { onEvent, lines } = recorder();
  const report = await sync(place(source), place(to), { jobs: 1, ...options, onEvent });
  expect(made.size).toBe(20);
  expect(await contents(driver)).toEqual(FILES);
  return { report, lines: lines() };
}

describe("[SY-46] what another run made since a listing is known by its name", () => {
  it.each([
    ["copy", {}],
    ["move", { move: true }],
  ])("%s", async (_, options) => {
    const { report } = await runBehind({ ...options, delete: true }, "copy");
    expect(report.failures).toEqual([]);
  });

  it("[SY-293] what another run has moved has vanished", async () => {
    const { report, lines } = await runBehind({ move: true, skipVanished: true }, "move");
    expect(report.failures).toEqual([]);
    expect(lines).toContain("f0: skip (vanished)");
    expect(report.vanished).toBe(20);
  });
});
