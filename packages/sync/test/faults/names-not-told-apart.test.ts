/** Destinations that take `A` for `a`: nothing that lies there is another path's, and nothing is lost over it. */
import type { Driver } from "@omnisync/storage";
import { type SyncOptions, applyPlan, plan, sync } from "@omnisync/sync";
import { describe, expect, it } from "vitest";
import { foldingDisk } from "../folding-disk.ts";
import { place } from "../stores.ts";
import { type Files, type MakeScene, addTwins, codes, makeScene, openDisk, run } from "../twins.ts";

const T = 1_700_000_000;

const onFolding: MakeScene = (source, destination = {}) =>
  makeScene(foldingDisk, source, destination);

describe("a disk that does not tell names apart", () => {
  addTwins(onFolding);

  const renames: readonly [string, Files, Files, readonly string[]][] = [
    ["a file", { foo: "1" }, { Foo: "1" }, ["foo: already-exists"]],
    ["a file, upwards", { Foo: "1" }, { foo: "1" }, ["Foo: already-exists"]],
    ["a file of other content", { foo: "new" }, { Foo: "1" }, ["foo: already-exists"]],
    ["another Unicode form", { "a\u0301": "1" }, { "\u00e1": "1" }, ["a\u0301: already-exists"]],
    [
      "a directory",
      { "foo/a": "1" },
      { "Foo/a": "1" },
      ["foo/a: already-exists", "foo: already-exists"],
    ],
    [
      "a directory, upwards, with a new file",
      { "Foo/new": "1" },
      { "foo/old": "2" },
      ["Foo/new: already-exists", "Foo: already-exists"],
    ],
    [
      "a directory that was a file",
      { "foo/a": "1" },
      { Foo: "1" },
      ["foo/a: already-exists", "foo: already-exists"],
    ],
  ];
  const deleting: readonly [string, SyncOptions][] = [
    ["", {}],
    [", with ignoreErrors", { ignoreErrors: true }],
    [", in a move", { move: true, ignoreErrors: true }],
    [", delayed", { delayUpdates: true, ignoreErrors: true }],
    [", deleting during", { deleteTiming: "during", ignoreErrors: true }],
  ];
  for (const [how, options] of deleting) {
    it.each(renames)(
      `[SY-46] a new spelling of %s is a failure, and removes nothing${how}`,
      async (_, source, destination, failures) => {
        const scene = onFolding({ ...source, z: "z" }, destination);
        const report = await run(scene, { delete: true, ...options });
        expect(scene.there()).toMatchObject({ z: "z" });
        if (options.deleteTiming === "during") {
          // What goes before its new spelling comes is written anew.
          const all = { ...scene.there(), ...scene.here() };
          expect(Object.values(all)).toEqual(expect.arrayContaining(Object.values(source)));
          expect(
            report.failed > 0 || Object.keys(source).every((path) => path in scene.there()),
          ).toBe(true);
          return;
        }
        expect(scene.there()).toEqual({ ...destination, z: "z" });
        expect(scene.here()).toMatchObject(source);
        expect(codes(report)).toEqual([...failures].sort());
        expect(report).toMatchObject({ removed: 0, withheld: "failures" });
      },
    );
  }

  it("[SY-46] nor does another name of a file take the place of what is listed under its twin", async () => {
    const scene = onFolding({ a: "1" }, { B: "only" });
    await scene.source.hardLink!("a", "b");
    const report = await run(scene, { preserveHardLinks: true, delete: true, ignoreErrors: true });
    expect(codes(report)).toEqual(["b: already-exists"]);
    expect(report).toMatchObject({ removed: 0, withheld: "failures" });
    expect(scene.there()).toEqual({ a: "1", B: "only" });
  });

  it("[SY-46] with deletes before, the new spelling takes the place of the old", async () => {
    const scene = onFolding({ foo: "1", "dir/a": "2" }, { Foo: "1", "Dir/a": "2" });
    const report = await run(scene, { delete: true, deleteTiming: "before" });
    expect(report).toMatchObject({ failed: 0, removed: 3 });
    expect(scene.there()).toEqual({ foo: "1", "dir/a": "2" });
  });

  it("[SY-46] what came under its very name since the listing is looked at again, as ever", async () => {
    const scene = onFolding({ foo: "1", "dir/a": "2" });
    const { destination } = scene;
    const list = destination.list.bind(destination);
    let first = true;
    const later = new Proxy(destination, {
      get: (driver, name) =>
        name === "list"
          ? async function* (...args: Parameters<Driver["list"]>) {
              yield* list(...args);
              if (!first) return;
              first = false;
              await destination.write("foo", Buffer.from("0"));
            }
          : Reflect.get(driver, name, driver),
    });
    const report = await sync(place(scene.source), place(later), {});
    expect(report).toMatchObject({ failed: 0, replaced: 1 });
    expect(scene.there()).toEqual({ foo: "1", "dir/a": "2" });
  });

  it("[SY-46] applying a plan removes nothing that another spelling was taken for", async () => {
    const scene = onFolding({ foo: "1" }, { Foo: "1" });
    const { source, destination } = scene;
    const planned = await plan(place(source), place(destination), {
      delete: true,
      move: true,
      ignoreErrors: true,
    });
    const report = await applyPlan(planned, place(source), place(destination));
    await planned.close();
    expect(codes(report)).toEqual(["foo: already-exists"]);
    expect(report).toMatchObject({ removed: 0, withheld: "failures" });
    expect(scene.here()).toEqual({ foo: "1" });
    expect(scene.there()).toEqual({ Foo: "1" });
  });
});

describe("a disk that tells names apart", () => {
  const twins: Files = { A: "upper", a: "lower", "D/x": "1", "d/x": "2" };
  const onPlain: MakeScene = (source, destination = {}) => makeScene(openDisk, source, destination);

  it("[SY-326] a plan for twins that was cut short is applied to its end", async () => {
    const { source, destination, there } = onPlain(twins);
    const planned = await plan(place(source), place(destination));
    await destination.mkdir!("D");
    for (const path of ["A", "D/x"])
      await destination.write(path, Buffer.from(twins[path]!), { mtime: T * 1000, mode: 0o644 });
    const report = await applyPlan(planned, place(source), place(destination));
    await planned.close();
    expect(report).toMatchObject({ failed: 0, alreadyDone: 3 });
    expect(there()).toEqual(twins);
  });

  it.each([{}, { move: true }])(
    "[SY-33] a twin that came meanwhile is replaced: %o",
    async (options) => {
      const { source, destination, there } = onPlain(twins);
      const write = destination.copy!.bind(destination);
      destination.copy = async (from, path, given) => {
        if (path === "a" && (await destination.stat("a")) === undefined)
          await destination.write("a", Buffer.from("other!"));
        return write(from, path, given);
      };
      const report = await sync(place(source), place(destination), options);
      expect(report).toMatchObject({ failed: 0, replaced: 1 });
      expect(there()).toEqual(twins);
    },
  );
});
