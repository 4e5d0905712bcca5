/** Options are looked at once, at the edge: what is none is named, and nothing is done. */
import { MemoryDriver } from "@omnisync/storage";
import {
  CONTRADICTIONS,
  type ContradictingOption,
  type SyncOptions,
  applyPlan,
  check,
  copy,
  copyFile,
  diff,
  emptyTrash,
  explain,
  explainDelta,
  findDuplicates,
  hashPlace,
  move,
  plan,
  rootEvent,
  signObject,
  sync,
  verifyPlace,
} from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { contents, place, storeWith } from "../stores.ts";

const KIB = 1024;

/** The name of an option as the error tells it, and a value that is none. */
const WRONG: readonly (readonly [name: string, options: object])[] = [
  ["jobs", { jobs: NaN }],
  ["jobs", { jobs: 0 }],
  ["jobs", { jobs: -1 }],
  ["jobs", { jobs: 1.5 }],
  ["jobs", { jobs: Infinity }],
  ["jobs", { jobs: "4" }],
  ["checkers", { checkers: 0 }],
  ["attempts", { attempts: 0 }],
  ["maxDelete", { delete: true, maxDelete: NaN }],
  ["maxDelete", { delete: true, maxDelete: -1 }],
  ["maxDelete", { delete: true, maxDelete: "1" }],
  ["maxDelete", { delete: true, maxDelete: null }],
  ["maxDeleteMode", { delete: true, maxDelete: 0, maxDeleteMode: "Refuse" }],
  ["maxErrors", { maxErrors: NaN }],
  ["maxTransfer", { maxTransfer: NaN }],
  ["maxDuration", { maxDuration: -1 }],
  ["modifyWindow", { modifyWindow: NaN }],
  ["bandwidth", { bandwidth: 0 }],
  ["bandwidth", { bandwidth: NaN }],
  ["bandwidth.changes", { bandwidth: { changes: "08:00,1M" } }],
  ["bandwidth.changes[0].bytesPerSecond", { bandwidth: { changes: [{ bytesPerSecond: 0 }] } }],
  ["requests.source.perSecond", { requests: { source: { perSecond: NaN } } }],
  ["requests.destination.burst", { requests: { destination: { burst: 0 } } }],
  ["order", { order: "biggest" }],
  ["links", { links: "none" }],
  ["deleteTiming", { delete: true, deleteTiming: "later" }],
  ["delete", { delete: "false" }],
  ["append", { append: "check" }],
  ["partial", { partial: "parts" }],
  ["partial.directory", { partial: { directory: true } }],
  ["backup", { backup: true }],
  ["backup.directory", { backup: { directory: 7 } }],
  ["alternates.kind", { alternates: { kind: "clone", places: [] } }],
  ["chmod", { chmod: "D755" }],
  ["userMap[0].to", { userMap: [{ from: "a", to: 0 }] }],
  ["files", { files: "a" }],
  ["delta.threshold", { delta: { threshold: NaN } }],
  ["delta.blockSize", { delta: { blockSize: 7 } }],
  ["delta.signatures", { wholeFile: true, delta: { signatures: "beside" } }],
  ["hooks.before", { hooks: { before: "true" } }],
  ["onEvent", { onEvent: "log" }],
];

function refusal(name: string): object {
  return {
    code: "invalid-argument",
    message: expect.stringContaining(`the option ${name}`) as string,
  };
}

describe("[SY-4] an option that is none", () => {
  it.each(WRONG)("%s: %j", async (name, options) => {
    const source = await storeWith({ a: "new", b: "1" });
    const destination = await storeWith({ a: "old", x: "extra", y: "extra" });
    const run = sync(place(source), place(destination), options);
    await expect(run).rejects.toMatchObject(refusal(name));
    expect(await contents(destination)).toEqual({ a: "old", x: "extra", y: "extra" });
  });

  const [from, to] = [place(new MemoryDriver(), ""), place(new MemoryDriver(), "d")];
  const order = { order: "biggest" } as unknown as SyncOptions;
  const jobs = { jobs: NaN };
  const runs: readonly (readonly [name: string, option: string, run: () => Promise<unknown>])[] = [
    ["copy", "jobs", () => copy(from, to, jobs)],
    ["move", "jobs", () => move(from, to, jobs)],
    ["plan", "order", () => plan(from, to, order)],
    ["plan, of what it does not carry", "links", () => plan(from, to, { links: "x" as "keep" })],
    ["explain", "order", () => explain("a", from, to, order)],
    ["explainDelta", "order", () => explainDelta(from, to, order)],
    ["rootEvent", "order", () => rootEvent(from, to, order)],
    ["check", "jobs", () => check(from, to, jobs)],
    ["check", "links", () => check(from, to, { links: "safe" as "keep" })],
    ["diff", "jobs", () => diff(from, to, jobs).next()],
    ["verifyPlace", "jobs", () => verifyPlace(from, jobs)],
    ["hashPlace", "jobs", () => hashPlace(from, "blake3", jobs).next()],
    ["findDuplicates", "jobs", () => findDuplicates(from, jobs)],
    ["findDuplicates", "minSize", () => findDuplicates(from, { minSize: NaN })],
    ["signObject", "delta.blockSize", () => signObject(from, { blockSize: 7 })],
    ["emptyTrash", "before", () => emptyTrash(from, { before: NaN })],
  ];

  it.each(runs)("to %s: %s", async (_, option, run) => {
    await expect(run()).rejects.toMatchObject(refusal(option));
  });

  it("when a file is copied, and when a plan is applied", async () => {
    const [a, b] = [place(await storeWith({ f: "1" })), place(await storeWith())];
    const copied = copyFile({ ...a, path: "f" }, { ...b, path: "f" }, jobs);
    await expect(copied).rejects.toMatchObject(refusal("jobs"));
    const planned = await plan(a, b);
    await expect(applyPlan(planned, a, b, jobs)).rejects.toMatchObject(refusal("jobs"));
    await planned.close();
  });

  it("to settle duplicates, of which it says which stay", async () => {
    const store = await storeWith({ a: "same", b: "same" });
    const found = await findDuplicates(place(store));
    const keep = "smallest" as "first";
    await expect(found.remove({ keep })).rejects.toMatchObject(refusal("keep"));
    expect(() => [...found.list(keep)]).toThrow("the option keep");
    found.close();
    expect(await contents(store)).toEqual({ a: "same", b: "same" });
  });
});

const GIVEN: Readonly<Record<ContradictingOption, SyncOptions>> = {
  existing: { existing: true },
  ignoreExisting: { ignoreExisting: true },
  checksum: { checksum: true },
  sizeOnly: { sizeOnly: true },
  append: { append: "verify" },
  wholeFile: { wholeFile: true },
  inplace: { inplace: true },
  "partial.directory": { partial: { directory: ".parts" } },
  delayUpdates: { delayUpdates: true },
  tempDirectory: { tempDirectory: "tmp" },
  sparse: { sparse: true },
  trash: { trash: true },
  backup: { backup: {} },
};

describe("[SY-4] options that contradict each other", () => {
  it.each(CONTRADICTIONS)("%s and %s", async (one, other, why) => {
    const source = await storeWith({ a: "new" });
    const destination = await storeWith({ a: "old" });
    const ends = [place(source), place(destination)] as const;
    const options = { ...GIVEN[one], ...GIVEN[other] };
    const refused = {
      code: "invalid-argument",
      message: `the options ${one} and ${other} exclude each other, because ${why}`,
    };
    await expect(sync(...ends, options)).rejects.toMatchObject(refused);
    await expect(plan(...ends, options)).rejects.toMatchObject(refused);
    await expect(explain("a", ...ends, options)).rejects.toMatchObject(refused);
    expect(await contents(destination)).toEqual({ a: "old" });
  });

  it.each(Object.entries(GIVEN))("%s alone is none", async (_, options) => {
    const off = { append: false, inplace: false, sparse: false, trash: false, wholeFile: false };
    const report = await sync(place(await storeWith({ a: "1" })), place(await storeWith()), {
      ...off,
      ...options,
    });
    expect(report.failed).toBe(0);
  });
});

it("[SY-4] undefined is the default, and Infinity no limit", async () => {
  const names = WRONG.map(([name]) => [name.split(/[.[]/)[0], undefined]);
  const options = {
    ...(Object.fromEntries(names) as SyncOptions),
    delta: { threshold: undefined, blockSize: 64 * KIB, signatures: undefined },
    requests: { source: undefined, destination: { perSecond: undefined } },
    bandwidth: Infinity,
    ...{ maxTransfer: Infinity, maxDuration: Infinity, maxErrors: Infinity, maxDelete: Infinity },
  };
  const destination = await storeWith({ extra: "1" });
  const report = await sync(place(await storeWith({ a: "1" })), place(destination), {
    ...options,
    delete: true,
  });
  expect(report).toMatchObject({ created: 1, removed: 1 });
});
