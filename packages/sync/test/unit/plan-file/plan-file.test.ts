import { MemoryDriver } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { SyncOptions } from "../../../src/options.ts";
import { ActionSpool } from "../../../src/plan-file/action-spool.ts";
import { applyPlan } from "../../../src/plan-file/apply-plan.ts";
import { type PlanOptions, plan } from "../../../src/plan-file/plan.ts";
import type { PlannedAction } from "../../../src/plan-file/planned-action.ts";
import { readPlan } from "../../../src/plan-file/read-plan.ts";
import { writePlan } from "../../../src/plan-file/write-plan.ts";
import { listTrash } from "../../../src/trash/trash.ts";
import { T0, bytes, contents, place, recorder, storeWith } from "../../stores.ts";

const directory = mkdtempSync(join(tmpdir(), "omnisync-plan-test-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function textOf(
  source: MemoryDriver,
  destination: MemoryDriver,
  options: PlanOptions = {},
): Promise<string> {
  const made = await plan(place(source), place(destination), options);
  let text = "";
  for await (const chunk of writePlan(made)) text += chunk;
  await made.close();
  return text;
}

let serial = 0;
function saved(text: string): string {
  const file = join(directory, `${serial++}.plan`);
  writeFileSync(file, text);
  return file;
}

/** As the first release of this format wrote it. */
const FIRST_OF_FORMAT = `{"format":"omnisync-plan","version":1,"created":"2023-11-14T22:13:20.000Z","source":{"driver":"memory","id":"memory://source-of-old","path":""},"destination":{"driver":"memory","id":"memory://destination-of-old","path":""},"options":{"delete":true,"trash":true},"totals":{"actions":2,"files":1,"created":1,"replaced":0,"bytes":1,"bytesServerCopied":0,"directories":0,"links":0,"attributes":0,"removals":1,"bytesRemoved":1,"sourcesRemoved":0,"unchanged":0,"skipped":0,"ignored":0,"failed":0,"withheldCount":0},"requests":{"source":{"put":0,"part":0,"post":0,"copy":0,"get":0,"head":0,"list":0,"delete":0},"destination":{"put":0,"part":0,"post":0,"copy":0,"get":0,"head":0,"list":0,"delete":0}},"cost":{"estimate":true,"total":0,"currency":"USD","table":{"name":"omnisync","asOf":"2026-06-01"},"source":{"priced":"local","requests":0,"traffic":0},"destination":{"priced":"local","requests":0,"traffic":0}}}
{"phase":"transfer","action":"copy","path":"a","reason":"new","size":1,"strategy":"whole","preconditions":{"source":{"kind":"file","size":1,"mtime":1700000000000,"etag":"00000001","hashes":{"sha256":"6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b"}},"destination":"absent"}}
{"phase":"remove","action":"remove","path":"x","reason":"extra","size":1,"preconditions":{"source":"absent","destination":{"kind":"file","size":1,"mtime":1700000000000,"etag":"00000001"}}}
{"end":{"actions":2,"sha256":"ea68f110cf25033b1aa881df14ca0ee03aba1b34da34ef6b53ee1ff75e54cd16"}}
`;

const FILES = { "new.txt": "12345", same: "same", "dir/changed": "now longer", "empty/": "" };

async function scene(): Promise<{ source: MemoryDriver; destination: MemoryDriver }> {
  const source = await storeWith(FILES, { mtime: T0 });
  const destination = await storeWith(
    { same: "same", "dir/changed": "old", extra: "xx" },
    { mtime: T0 },
  );
  return { source, destination };
}

describe("a plan", () => {
  it("[SY-321] has a header with totals, then one action a line with its preconditions, then its end", async () => {
    const { source, destination } = await scene();
    const created = new Date(T0);
    const lines = (await textOf(source, destination, { delete: true, created }))
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, never>);
    const [header, ...rest] = lines;
    expect(header).toMatchObject({
      format: "omnisync-plan",
      version: 1,
      created: created.toISOString(),
      source: { driver: "memory", id: source.id, path: "" },
      options: { delete: true },
      totals: {
        actions: 4,
        files: 2,
        created: 1,
        replaced: 1,
        bytes: 15,
        directories: 1,
        removals: 1,
        bytesRemoved: 2,
        unchanged: 1,
      },
      cost: { estimate: true, total: 0 },
    });
    expect(rest.map(({ phase, action, path, reason }) => [phase, action, path, reason])).toEqual([
      ["transfer", "copy", "dir/changed", "size"],
      ["transfer", "mkdir", "empty", "new"],
      ["transfer", "copy", "new.txt", "new"],
      ["remove", "remove", "extra", "extra"],
      [undefined, undefined, undefined, undefined],
    ]);
    expect(rest[0]).toMatchObject({
      preconditions: {
        source: { kind: "file", size: 10, mtime: T0, etag: expect.any(String) },
        destination: { kind: "file", size: 3, etag: expect.any(String) },
      },
    });
    expect(rest[2]).toMatchObject({ size: 5, preconditions: { destination: "absent" } });
    expect(rest[4]).toEqual({
      end: { actions: 4, sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
    });
  });

  it("[SY-322] of one world is the same text, whatever is asked in which order, but for its time", async () => {
    const files = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`f${i}`, `${i}`]));
    const [source, destination] = [await storeWith(files), await storeWith(files)];
    for (let i = 0; i < 300; i += 3) {
      await destination.write(`f${i}`, bytes(`${i}`.replace(/./g, "x")), { mtime: T0 });
    }
    const shuffling = (driver: MemoryDriver): MemoryDriver =>
      new Proxy(disable(driver, "completeList"), {
        get(target, name) {
          if (name !== "stat") return Reflect.get(target, name) as unknown;
          return async (path: string) => {
            await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
            return target.stat(path);
          };
        },
      }) as MemoryDriver;
    const texts: string[] = [];
    for (const day of [1, 2]) {
      const made = await textOf(shuffling(source), shuffling(destination), {
        checksum: true,
        created: new Date(T0 + day),
      });
      texts.push(made.replace(/"created":"[^"]*"/, ""));
    }
    expect(texts[0]).toBe(texts[1]);
    expect(texts[0]!.split("\n")).toHaveLength(103);
  });

  it.each<[string, SyncOptions]>([
    ['deleteTiming "before"', { deleteTiming: "before" }],
    ['links "follow"', { links: "follow" }],
    ["keepDirLinks", { keepDirLinks: true }],
    ["preserveHardLinks", { preserveHardLinks: true }],
    ["alternates", { alternates: { kind: "copy", places: [] } }],
    ["fuzzy", { fuzzy: true }],
  ])("[SY-323] is refused with an option that it cannot carry: %s", async (name, options) => {
    const { source, destination } = await scene();
    await expect(plan(place(source), place(destination), options)).rejects.toMatchObject({
      code: "unsupported",
      message: expect.stringContaining(name),
    });
  });

  it("[SY-261] carries trash: applying keeps what it replaces and removes", async () => {
    const { source, destination } = await scene();
    const text = await textOf(source, destination, { delete: true, trash: true });
    const made = await readPlan(saved(text));
    const report = await applyPlan(made, place(source), place(destination));
    expect(report).toMatchObject({ failed: 0, removed: 1, replaced: 1 });
    const kept: string[] = [];
    for await (const { path } of listTrash(place(destination))) kept.push(path);
    expect(kept).toEqual(["dir/changed", "extra"]);
    await made.close();
  });

  it("is sorted on disk where its actions come out of order and are many", async () => {
    const spool = new ActionSpool({ sorted: true, pageLength: 10 });
    const names = Array.from({ length: 1000 }, (_, i) => `p${(i * 7919) % 1000}`.padEnd(5, "-"));
    for (const path of names) {
      spool.push({ phase: "transfer", action: "copy", path, size: 0, preconditions: {} });
    }
    const found: string[] = [];
    for await (const { path } of spool.actions()) found.push(path);
    spool.close();
    expect(found).toEqual([...names].sort());
  });
});

describe("a plan file", () => {
  it("[SY-328] that is damaged, cut short, of another format or no plan is refused as a whole", async () => {
    const { source, destination } = await scene();
    const text = await textOf(source, destination, { delete: true });
    const lines = text.trimEnd().split("\n");
    const bad: Readonly<Record<string, string>> = {
      empty: "",
      "no plan": '{"hello":1}\n',
      "not JSON": "hello\n",
      older: text.replace('"version":1', '"version":0'),
      newer: text.replace('"version":1', '"version":2'),
      "without its end": `${lines.slice(0, -1).join("\n")}\n`,
      "cut in a line": text.slice(0, -5),
      "lacking a line": `${[lines[0], ...lines.slice(2)].join("\n")}\n`,
      "another path": text.replace('"path":"extra"', '"path":"extrb"'),
      "another destination": text.replace(destination.id, "memory://else"),
      "out of order": `${[lines[0], lines[4], lines[1], lines[2], lines[3], lines[5]].join("\n")}\n`,
      "going on": `${text}${lines[1]}\n`,
      "unknown field": text.replace('"phase":"remove"', '"phase":"remove","force":true'),
      "unknown option": text.replace('"delete":true', '"delete":true,"format":1'),
      "leading out": text.replace('"path":"extra"', '"path":"../xtra"'),
    };
    for (const [about, damaged] of Object.entries(bad)) {
      expect(damaged, about).not.toBe(text);
      await expect(readPlan(saved(damaged)), about).rejects.toMatchObject({
        code: "invalid-argument",
      });
    }
    expect((await contents(destination))["extra"]).toBe("xx");
    await expect(readPlan(join(directory, "nowhere"))).rejects.toMatchObject({ code: "not-found" });
  });

  it("[SY-328] of the first release of this format is read and applied", async () => {
    const source = new MemoryDriver({ name: "source-of-old" });
    await source.write("a", bytes("1"), { mtime: T0 });
    const destination = new MemoryDriver({ name: "destination-of-old" });
    await destination.write("x", bytes("x"), { mtime: T0 });
    const read = await readPlan(saved(FIRST_OF_FORMAT));
    expect(read.header.options).toEqual({ delete: true, trash: true });
    const report = await applyPlan(read, place(source), place(destination));
    await read.close();
    expect(report).toMatchObject({ created: 1, removed: 1, failed: 0 });
    expect(await contents(destination)).toEqual({ a: "1" });
  });

  it("cut at every byte is refused, whole it is what was written", async () => {
    const { source, destination } = await scene();
    const text = await textOf(source, destination, { delete: true });
    for (let length = 0; length < text.length; length += 7) {
      await expect(readPlan(saved(text.slice(0, length))), `${length}`).rejects.toThrow();
    }
    const file = saved(text);
    const read = await readPlan(file);
    let again = "";
    for await (const chunk of writePlan(read)) again += chunk;
    await read.close();
    expect(again).toBe(readFileSync(file, "utf8"));
  });

  it("[SY-323] is refused at other places, before anything is done", async () => {
    const { source, destination } = await scene();
    const read = await readPlan(saved(await textOf(source, destination, { delete: true })));
    const other = await storeWith({ extra: "xx" });
    for (const ends of [
      [place(source), place(other)],
      [place(other), place(destination)],
      [place(source), place(destination, "dir")],
    ] as const) {
      await expect(applyPlan(read, ...ends)).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining("nothing was done"),
      });
    }
    await read.close();
    expect(await contents(other)).toEqual({ extra: "xx" });
  });
});

describe("applying", () => {
  it("does what the plan says, and nothing the second time", async () => {
    const { source, destination } = await scene();
    const read = await readPlan(saved(await textOf(source, destination, { delete: true })));
    const dry = recorder();
    const dryReport = await applyPlan(read, place(source), place(destination), {
      dryRun: true,
      onEvent: dry.onEvent,
    });
    expect(dryReport).toMatchObject({ dryRun: true, created: 1, replaced: 1, removed: 1 });
    expect((await contents(destination))["extra"]).toBe("xx");
    const first = await applyPlan(read, place(source), place(destination));
    expect(first).toMatchObject({ created: 1, replaced: 1, removed: 1, failed: 0, alreadyDone: 0 });
    expect(await contents(destination)).toEqual(FILES);
    const second = await applyPlan(read, place(source), place(destination));
    expect(second).toMatchObject({
      created: 0,
      replaced: 0,
      removed: 0,
      failed: 0,
      alreadyDone: 3,
    });
    await read.close();
  });

  it.each<[string, "source" | "destination", string, string | undefined]>([
    ["a source that was changed", "source", "dir/changed", "changed again"],
    ["a source that is gone", "source", "new.txt", undefined],
    ["a destination that was changed", "destination", "dir/changed", "mine"],
    ["a destination that came to be", "destination", "new.txt", "mine"],
    ["a destination that is gone", "destination", "dir/changed", undefined],
  ])(
    "[SY-324] refuses %s, does the others, and removes nothing",
    async (_, side, path, content) => {
      const stores = await scene();
      const { source, destination } = stores;
      const made = await plan(place(source), place(destination), { delete: true });
      if (content === undefined) await stores[side].remove(path);
      else await stores[side].write(path, bytes(content), { mtime: T0 + 5 });
      const before = (await contents(destination))[path];
      const { events, onEvent } = recorder();
      const report = await applyPlan(made, place(source), place(destination), { onEvent });
      await made.close();
      expect(report).toMatchObject({
        failed: 1,
        movedOn: 1,
        removed: 0,
        withheld: "failures",
        withheldCount: 1,
      });
      expect(report.created + report.replaced).toBe(1);
      const found = await contents(destination);
      expect(found[path]).toBe(before);
      expect(found["extra"]).toBe("xx");
      const failure = events.find(({ kind }) => kind === "failed");
      expect(failure?.error?.message).toContain("moved on since the plan was made");
    },
  );

  it("[SY-324] a move that was done counts as done, a source that somebody else removed does not", async () => {
    const source = await storeWith({ a: "1", b: "2" });
    await source.writeLink("l", "a/b/c");
    const destination = await storeWith();
    const made = await plan(place(source), place(destination), { move: true });
    await source.remove("b");
    await destination.write("b", bytes("x"), { mtime: T0 + 60_000 });
    const first = await applyPlan(made, place(source), place(destination));
    expect(first).toMatchObject({ created: 1, linksWritten: 1, movedOn: 1, alreadyDone: 0 });
    const second = await applyPlan(made, place(source), place(destination));
    expect(second).toMatchObject({ created: 0, movedOn: 1, alreadyDone: 2 });
    await made.close();
  });

  it("[SY-324] keeps an extra that was changed, and one that the source has by now", async () => {
    const source = await storeWith({ a: "1" });
    const destination = await storeWith({ a: "1", x: "x", y: "y", z: "z" });
    const made = await plan(place(source), place(destination), { delete: true });
    await destination.write("x", bytes("changed"));
    await source.write("y", bytes("back"));
    const report = await applyPlan(made, place(source), place(destination));
    await made.close();
    expect(report).toMatchObject({ removed: 1, movedOn: 2 });
    expect(await contents(destination)).toEqual({ a: "1", x: "changed", y: "y" });
  });

  it("removes in spite of failures if the plan says so", async () => {
    const { source, destination } = await scene();
    const options = { delete: true, ignoreErrors: true };
    const made = await plan(place(source), place(destination), options);
    await source.remove("new.txt");
    const report = await applyPlan(made, place(source), place(destination));
    await made.close();
    expect(report).toMatchObject({ failed: 1, removed: 1 });
  });

  it("keeps a directory that holds something which the plan did not see", async () => {
    const source = await storeWith({ a: "1" });
    const destination = await storeWith({ a: "1", "gone/x": "x", "gone/": "" });
    const made = await plan(place(source), place(destination), { delete: true });
    await destination.write("gone/new", bytes("mine"));
    const report = await applyPlan(made, place(source), place(destination));
    await made.close();
    expect(report).toMatchObject({ failed: 0 });
    expect((await contents(destination))["gone/new"]).toBe("mine");
  });

  it("actions of a plan may be gone through several times", async () => {
    const { source, destination } = await scene();
    const made = await plan(place(source), place(destination));
    const all: PlannedAction[][] = [[], []];
    for (const list of all) for await (const action of made.actions()) list.push(action);
    await made.close();
    expect(all[0]).toEqual(all[1]);
    expect(all[0]).toHaveLength(3);
  });
});
