/** Whatever call to either store fails, and however, no path ever holds anything but its old or new content. */
import { MemoryDriver } from "@omnisync/storage";
import { Faults, disable, fault, onCall } from "@omnisync/storage/layers";
import { type SyncOptions, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { T0, contents, place, storeWith } from "../stores.ts";
import { FAULTS, NEW, OLD, WAYS, newSource } from "./every-call-scene.ts";

async function scene(): Promise<{ source: MemoryDriver; destination: MemoryDriver }> {
  const source = await newSource();
  const destination = await storeWith(OLD, { mtime: T0 });
  for (const store of [source, destination])
    await store.write("same", new TextEncoder().encode("same"), { mtime: T0 });
  return { source, destination };
}

async function run(
  options: SyncOptions,
  way: string,
  side: "source" | "destination",
  faults: Faults,
) {
  const { source, destination } = await scene();
  const from = side === "source" ? fault(source, faults) : source;
  const to = WAYS[way]!(side === "destination" ? fault(destination, faults) : destination);
  const ended = await sync(place(from), place(to), options).then(
    (report) => ({ report, failed: report.failed > 0 || report.withheld !== undefined }),
    (error: unknown) => ({ error, failed: true }),
  );
  return { ...ended, source, destination };
}

describe.each(["source", "destination"] as const)("a fault at every call to the %s", (side) => {
  describe.each(Object.keys(WAYS))("%s", (way) => {
    it.each(Object.keys(FAULTS))("[SY-30][SY-37][SY-52] %s", async (name) => {
      const counting = new Faults();
      await run({ delete: true }, way, side, counting);
      const calls = counting.calls.length;
      expect(calls).toBeGreaterThan(5);
      for (let n = 1; n <= calls; n++) {
        const { source, destination, failed } = await run(
          { delete: true },
          way,
          side,
          new Faults(onCall(n, FAULTS[name]!)),
        );
        const found = await contents(destination);
        for (const [path, content] of Object.entries(found)) {
          const allowed = [
            (OLD as Record<string, string>)[path],
            (NEW as Record<string, string>)[path],
          ];
          expect(allowed, `call ${n}: ${path}`).toContain(content);
        }
        if (!failed) expect(found, `call ${n}`).toEqual(NEW);
        expect(await contents(source), "the source is never touched").toEqual(NEW);
        // What was not reached, the next run reaches.
        const again = await sync(place(source), place(disable(destination, "copy")), {
          delete: true,
        });
        expect(again.failed, `call ${n}`).toBe(0);
        expect(await contents(destination), `call ${n}`).toEqual(NEW);
        expect(await destination.stat("dir")).toMatchObject({ mode: 0o700 });
      }
    });
  });
});

describe("a move with a fault at every call", () => {
  it.each(["source", "destination"] as const)(
    "[SY-60] %s: what was there once is there still",
    async (side) => {
      const counting = new Faults();
      await run({ move: true }, "whole", side, counting);
      for (const kind of Object.keys(FAULTS)) {
        for (let n = 1; n <= counting.calls.length; n++) {
          const { source, destination } = await run(
            { move: true },
            "whole",
            side,
            new Faults(onCall(n, FAULTS[kind]!)),
          );
          const [left, arrived] = [await contents(source), await contents(destination)];
          for (const [path, content] of Object.entries(NEW)) {
            if (path.endsWith("/")) continue;
            expect([left[path], arrived[path]], `${kind} at call ${n}: ${path}`).toContain(content);
          }
        }
      }
    },
  );
});
