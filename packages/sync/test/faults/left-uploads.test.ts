/** Uploads in parts that go wrong: given up, or told of. */
import { type Driver, MemoryDriver, StorageError, type Upload } from "@omnisync/storage";
import { type FaultCall, type FaultPlan, Faults, disable, fault } from "@omnisync/storage/layers";
import { type SyncOptions, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { contents, place, recorder, storeWith } from "../stores.ts";

const BIG = new Uint8Array(40 * 1024 * 1024).fill(1);
const DENIED = new StorageError("permission-denied", { message: "uploads may not be aborted" });
const DOWN = new StorageError("unavailable", { message: "down" });

/** `sub/big` goes up in parts, under `to/`, while `plan` has its way with the destination. */
async function upload(plan: FaultPlan, options: SyncOptions = {}) {
  const source = await storeWith({ "sub/big": BIG, "sub/small": "small" });
  const destination = new MemoryDriver();
  const { onEvent, events } = recorder();
  const to = fault(disable(destination, "copy"), new Faults(plan));
  const report = await sync(place(source), place(to, "to"), { ...options, onEvent });
  return { report, events, destination, open: await openUploads(destination) };
}

async function openUploads(driver: Driver): Promise<readonly Upload[]> {
  return (await Array.fromAsync(driver.multipart!.listUploads(""))).flat();
}

const at =
  (operation: FaultCall["operation"], n = 1) =>
  (call: FaultCall): boolean =>
    call.operation === operation && call.n >= n;

describe("an upload that fails", () => {
  it("[SY-35] is given up at the store, and no event says otherwise", async () => {
    const part = at("multipart.putPart", 2);
    const { report, events, open } = await upload((call) =>
      part(call) ? { kind: "fail-before", error: DOWN } : undefined,
    );
    expect(report).toMatchObject({ failed: 1, created: 1, uploadsLeft: [] });
    expect(events.map(({ kind }) => kind)).not.toContain("upload-left");
    expect(open).toEqual([]);
  });

  it("[SY-152] and cannot be given up is named: path, id, what to do", async () => {
    const [part, abort] = [at("multipart.putPart", 2), at("multipart.abort")];
    const { report, events, destination, open } = await upload((call) => {
      if (part(call)) return { kind: "fail-before", error: DOWN };
      return abort(call) ? { kind: "fail-before", error: DENIED } : undefined;
    });
    expect(open).toMatchObject([{ path: "to/sub/big" }]);
    const { id } = open[0]!;
    expect(report).toMatchObject({
      failed: 1,
      created: 1,
      uploadsLeft: [{ path: "to/sub/big", id }],
    });
    const [left] = events.filter(({ kind }) => kind === "upload-left");
    expect(left).toMatchObject({ path: "sub/big", upload: { id }, error: { code: DENIED.code } });
    expect(left?.error?.message).toMatch(new RegExp(`^to/sub/big: the upload ${id} could not`));
    expect(left?.error?.message).toMatch(/until it is aborted there/);
    expect(report.failures).toMatchObject([{ path: "sub/big", error: { code: "unavailable" } }]);
    expect(Object.keys(await contents(destination))).toEqual(["to/sub/small"]);
  });

  it("[SY-152] each attempt that leaves one says so, also if a later one succeeds", async () => {
    const [complete, abort] = [at("multipart.complete"), at("multipart.abort")];
    const { report, open } = await upload((call) => {
      if (complete(call) && call.n === 1)
        return { kind: "fail-before", error: new StorageError("changed", { message: "changed" }) };
      return abort(call) ? { kind: "fail-before", error: DENIED } : undefined;
    });
    expect(report).toMatchObject({ failed: 0, created: 2 });
    expect(report.uploadsLeft.map(({ id }) => id)).toEqual(open.map(({ id }) => id));
    expect(open).toHaveLength(1);
  });
});

describe("a run that is interrupted", () => {
  it("[SY-151] while an upload begins waits for its id and gives it up", async () => {
    const interrupt = new AbortController();
    const create = at("multipart.create");
    const { report, open } = await upload(
      (call) => {
        if (!create(call)) return undefined;
        setTimeout(() => interrupt.abort(), 20);
        return { kind: "delay", ms: 100 };
      },
      { signal: interrupt.signal },
    );
    expect(report).toMatchObject({ interrupted: true, uploadsLeft: [] });
    expect(open).toEqual([]);
  });

  it("[SY-152] and cannot give an upload up says so in its report", async () => {
    const interrupt = new AbortController();
    const [part, abort] = [at("multipart.putPart"), at("multipart.abort")];
    const { report, open } = await upload(
      (call) => {
        if (part(call)) interrupt.abort();
        return abort(call) ? { kind: "fail-before", error: DENIED } : undefined;
      },
      { signal: interrupt.signal },
    );
    expect(report).toMatchObject({ interrupted: true });
    expect(report.uploadsLeft).toMatchObject([{ path: "to/sub/big", id: open[0]?.id }]);
  });
});
