/** Whatever call of an application fails, or is its last: nothing is lost, and applying again ends right. */
import { type Driver, type MemoryDriver, StorageError } from "@omnisync/storage";
import { Faults, fault, onCall } from "@omnisync/storage/layers";
import { afterEach, describe, expect, it } from "vitest";
import type { SyncOptions } from "../../src/options.ts";
import { type ApplyReport, applyPlan } from "../../src/plan-file/apply-plan.ts";
import { type Plan, plan } from "../../src/plan-file/plan.ts";
import { T0, bytes, contents, place, storeWith } from "../stores.ts";
import { FAULTS, NEW, OLD, WAYS, newSource } from "./every-call-scene.ts";

const made: Plan[] = [];
afterEach(async () => {
  for (const one of made.splice(0)) await one.close();
});

interface Scene {
  readonly source: MemoryDriver;
  readonly destination: MemoryDriver;
  readonly plan: Plan;
  readonly options: SyncOptions;
}

async function scene(options: SyncOptions, way: string): Promise<Scene> {
  const source = await newSource();
  const destination = await storeWith(OLD, { mtime: T0 });
  for (const store of [source, destination])
    await store.write("same", bytes("same"), { mtime: T0 });
  const one = await plan(place(source), place(WAYS[way]!(destination)), options);
  made.push(one);
  return { source, destination, plan: one, options };
}

async function applyOnce(
  { source, destination, plan: one }: Scene,
  way: string,
  side: "source" | "destination",
  faults: Faults,
  signal?: AbortSignal,
): Promise<ApplyReport> {
  const from = side === "source" ? fault(source, faults) : source;
  const to = WAYS[way]!(side === "destination" ? fault(destination, faults) : destination);
  return applyPlan(one, place(from), place(to), { signal });
}

async function expectNothingTorn(destination: Driver, about: string): Promise<void> {
  for (const [path, content] of Object.entries(await contents(destination))) {
    const kept = path.startsWith("kept/") ? OLD[path.slice("kept/".length)] : undefined;
    expect(kept === undefined ? [OLD[path], NEW[path]] : [kept], `${about}: ${path}`).toContain(
      content,
    );
  }
}

/** Where `backup` keeps: what was replaced or removed is there, or still in its place. */
async function expectNothingLost(destination: Driver, about: string): Promise<void> {
  const found = await contents(destination);
  for (const [path, content] of Object.entries(OLD)) {
    expect([found[path], found[`kept/${path}`]], `${about}: ${path}`).toContain(content);
  }
}

const CASES: Readonly<Record<string, SyncOptions>> = {
  delete: { delete: true },
  move: { move: true },
  backup: { delete: true, backup: { directory: "kept" } },
  "backup, delayUpdates": { delete: true, backup: { directory: "kept" }, delayUpdates: true },
};

const REPLACED = Object.entries(OLD).filter(([path, content]) => NEW[path] !== content);
const KEPT = Object.fromEntries(REPLACED.map(([path, content]) => [`kept/${path}`, content]));

function wantedOf({ move, backup }: SyncOptions): Readonly<Record<string, string>> {
  if (move) return { ...OLD, ...NEW };
  return backup === undefined ? NEW : { ...NEW, ...KEPT };
}

describe.each(Object.keys(CASES))("%s", (name) => {
  const options = CASES[name]!;
  const wanted = wantedOf(options);
  const left = options.move ? { "dir/": "", "empty/": "" } : NEW;

  describe.each(["source", "destination"] as const)("a fault at every call to the %s", (side) => {
    it.each(Object.keys(WAYS))("[SY-326][SY-327] %s", async (way) => {
      const counting = new Faults();
      await applyOnce(await scene(options, way), way, side, counting);
      expect(counting.calls.length).toBeGreaterThan(5);
      for (const [kind, what] of Object.entries(FAULTS)) {
        for (let n = 1; n <= counting.calls.length; n++) {
          const about = `${kind}, call ${n}`;
          const one = await scene(options, way);
          const { calls } = counting;
          await applyOnce(one, way, side, new Faults(onCall(n, what))).catch((error: unknown) => {
            expect(error, `${about}: ${calls[n - 1]?.operation}`).toBeInstanceOf(StorageError);
          });
          await expectNothingTorn(one.destination, about);
          if (options.backup !== undefined) await expectNothingLost(one.destination, about);
          if (!options.move) expect(await contents(one.source), about).toEqual(NEW);
          const again = await applyOnce(one, way, side, new Faults());
          expect(again.failures, about).toEqual([]);
          expect(await contents(one.destination), about).toEqual(wanted);
          expect(await contents(one.source), about).toEqual(left);
        }
      }
    });
  });

  it.each(Object.keys(WAYS))(
    "[SY-326] killed at every call, %s: applying again does the rest",
    async (way) => {
      const counting = new Faults();
      await applyOnce(await scene(options, way), way, "destination", counting);
      for (let n = 1; n <= counting.calls.length; n++) {
        const one = await scene(options, way);
        const kill = new AbortController();
        const faults = new Faults(({ total }) => {
          if (total === n) kill.abort();
          return undefined;
        });
        const first = await applyOnce(one, way, "destination", faults, kill.signal).catch(
          (error: unknown) => error,
        );
        if (!(first instanceof Error)) expect(first).toHaveProperty("interrupted");
        await expectNothingTorn(one.destination, `call ${n}`);
        if (options.backup !== undefined) await expectNothingLost(one.destination, `call ${n}`);
        const again = await applyOnce(one, way, "destination", new Faults());
        expect(again.failures, `call ${n}`).toEqual([]);
        expect(await contents(one.destination), `call ${n}`).toEqual(wanted);
        expect(await contents(one.source), `call ${n}`).toEqual(left);
        const third = await applyOnce(one, way, "destination", new Faults());
        expect(third, `call ${n}: nothing is left to do`).toMatchObject({
          created: 0,
          replaced: 0,
          removed: 0,
          sourcesRemoved: 0,
          failed: 0,
        });
      }
    },
  );
});

describe("a world that moves between the look and the change", () => {
  it.each(["write", "remove"] as const)(
    "[SY-324] a %s goes under the etag that the plan saw",
    async (operation) => {
      const one = await scene({ delete: true }, "whole");
      const path = operation === "write" ? "changed" : "extra";
      // Somebody writes after the look, just before our change.
      let pending: Promise<unknown> = Promise.resolve();
      const meddled = fault(
        one.destination,
        new Faults((call) => {
          if (call.operation !== operation || call.path !== path) return undefined;
          pending = one.destination.write(path, bytes("somebody else's"));
          return { kind: "delay", ms: 20 };
        }),
      );
      const report = await applyPlan(one.plan, place(one.source), place(meddled));
      await pending;
      expect((await contents(one.destination))[path]).toBe("somebody else's");
      expect(report).toMatchObject({ failed: 1, movedOn: 1 });
    },
  );
});
