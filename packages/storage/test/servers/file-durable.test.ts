/** What `durable` asks of the kernel, and in which order: a power cut must find file and name. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { describe, expect, test } from "vitest";
import { runAsNobody } from "../faults/file-child.ts";
import { makeRoot } from "../unit/file-helpers.ts";

const CALLS =
  "fsync,fdatasync,rename,renameat,renameat2,link,linkat,mkdir,mkdirat,symlink,symlinkat";

/** The calls that a script makes, as `name path`, in the order in which they ended. */
function trace(
  script: string,
  root: string = makeRoot(),
  { top = root, calls = CALLS }: { readonly top?: string; readonly calls?: string } = {},
): readonly string[] {
  const log = join(makeRoot(), "trace");
  const before = `exec strace -f -y -qq -s 4096 -o '${log}' -e trace=${calls}`;
  runAsNobody({ root, script, asIs: true, before });
  return endedCalls(readFileSync(log, "utf8")).flatMap((call) => {
    const named = describeCall(call, top);
    return named === undefined ? [] : [named];
  });
}

/** Each call at the place where it ended: `fsync(…` may go on in one thread while another renames. */
function endedCalls(log: string): readonly string[] {
  const begun = new Map<string, string>();
  return log.split("\n").flatMap((line) => {
    const [, thread = "", text = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(text);
    if (unfinished !== null) begun.set(thread, unfinished[1] as string);
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(text);
    const whole = resumed === null ? text : `${begun.get(thread)}${resumed[1]}`;
    return unfinished === null && whole.endsWith(" = 0") ? [whole] : [];
  });
}

/** `fsync dir`, `rename dir/f`; temporary names are `TEMP`. `undefined` for what lies elsewhere. */
function describeCall(call: string, root: string): string | undefined {
  const [, name = ""] = /^(\w+)\(/.exec(call) ?? [];
  const paths = [...call.matchAll(/"([^"]*)"|\d+<([^>]*)>/g)].map(
    ([, text, fd]) => text ?? fd ?? "",
  );
  const last = (paths.at(-1) ?? "").replace(/\.omnisync-[^/]*\.tmp/, "TEMP");
  // Through `/proc/<pid>/fd/<n>/` only the name itself shows.
  const through = /^\/proc\/\d+\/fd\/\d+\/(.*)$/.exec(last)?.[1];
  if (through !== undefined) return `${short(name)} ${through}`;
  return last.startsWith(root) ? `${short(name)} ${last.slice(root.length) || "/"}` : undefined;
}

const short = (name: string): string => name.replace(/at2?$/, "").replace("fdatasync", "fsync");

const BODY = "new TextEncoder().encode('content')";
const STREAM = `(async function* () { yield ${BODY}; yield ${BODY}; })()`;

if (programOrSkip("strace")) {
  describe("[ST-71] fsync of the file, then its name, then fsync of the directory", () => {
    const order = ["fsync /d/TEMP", "rename f", "fsync /d"];
    const rows: readonly (readonly [what: string, script: string, calls: readonly string[]])[] = [
      ["bytes", `await driver.write("d/f", ${BODY}, { durable: true });`, order],
      ["a stream", `await driver.write("d/f", ${STREAM}, { durable: true });`, order],
      [
        "a file put together out of order",
        `const stage = await driver.stage("d/f", 7);
         await stage.write(0, ${BODY});
         await stage.commit({ durable: true });`,
        order,
      ],
      ["a copy", `await driver.copy({ driver, path: "source" }, "d/f", { durable: true });`, order],
      [
        "a large copy",
        `await driver.copy({ driver, path: "large" }, "d/f", { durable: true });`,
        order,
      ],
      [
        "a file that must be new",
        `await driver.write("d/f", ${BODY}, { durable: true, ifNoneMatch: "*" });`,
        ["fsync /d/TEMP", "link f", "fsync /d"],
      ],
      [
        "a link",
        `await driver.writeLink("d/f", "target", { durable: true });`,
        ["symlink TEMP", "rename f", "fsync /d"],
      ],
      [
        "[ST-128] a hard link",
        `await driver.hardLink("source", "d/f", { durable: true });`,
        ["link TEMP", "fsync /d/TEMP", "rename f", "fsync /d"],
      ],
      [
        "[ST-127] what was written before",
        `await driver.write("d/f", ${BODY}); await driver.flush("d/f");`,
        ["rename f", "fsync /d/f", "fsync /d", "fsync /"],
      ],
      [
        "[ST-127] a link that was written before",
        `await driver.writeLink("d/f", "target"); await driver.flush("d/f");`,
        ["symlink TEMP", "rename f", "fsync /d", "fsync /"],
      ],
    ];
    test.each(rows)("%s", (_what, script, calls) => {
      expect(trace(script, filledRoot())).toEqual(calls);
    });
  });

  describe("[ST-187] directories that are made on the way are synced into theirs", () => {
    test("by a write", () => {
      expect(trace(`await driver.write("a/b/f", ${BODY}, { durable: true });`)).toEqual([
        ...["mkdir a", "fsync /", "mkdir b", "fsync /a"],
        ...["fsync /a/b/TEMP", "rename f", "fsync /a/b"],
      ]);
    });

    test("by a staged file, which does not know yet whether it will be durable", () => {
      const calls = trace(`
        const stage = await driver.stage("a/f", 7);
        await stage.commit({ durable: true });`);
      expect(calls).toEqual(["mkdir a", "fsync /", "fsync /a/TEMP", "rename f", "fsync /a"]);
    });

    test("by mkdir, also of the root and those above it", () => {
      const above = makeRoot();
      const root = join(above, "x", "y");
      expect(trace(`await driver.mkdir("a", { durable: true });`, root, { top: above })).toEqual([
        ...["mkdir /x", "mkdir /x/y", "fsync /x", "fsync /"],
        ...["mkdir a", "fsync /x/y"],
      ]);
    });
  });

  describe("[ST-72] a file is closed before it takes its name", () => {
    test.each([
      ["bytes", `await driver.write("d/f", ${BODY});`],
      [
        "a stream",
        `await driver.write("d/f", (async function* () { yield Buffer.alloc(3e6); })());`,
      ],
      ["a copy", `await driver.copy({ driver, path: "source" }, "d/f");`],
      ["a large copy", `await driver.copy({ driver, path: "large" }, "d/f");`],
      [
        "a stage",
        `const stage = await driver.stage("d/f", 7, { hash: "blake3" });
         await stage.write(0, ${BODY});
         await stage.commit();`,
      ],
    ])("%s", (_what, script) => {
      const made = trace(script, filledRoot(), { calls: `close,${CALLS}` });
      // A large copy is opened once more, to see whether its blocks can be shared.
      const last = made.filter((call) => /TEMP$|^rename /.test(call)).slice(-2);
      expect(last).toEqual(["close /d/TEMP", "rename f"]);
    });
  });

  test("[ST-71] without durable nothing is synced", () => {
    const script = `
      await driver.write("d/f", ${BODY});
      await driver.write("new/g", ${STREAM});
      await driver.copy({ driver, path: "source" }, "d/h");
      await driver.mkdir("e");`;
    expect(trace(script, filledRoot()).filter((call) => call.startsWith("fsync"))).toEqual([]);
  });
}

function filledRoot(): string {
  const root = makeRoot();
  mkdirSync(join(root, "d"));
  writeFileSync(join(root, "source"), "content");
  writeFileSync(join(root, "large"), Buffer.alloc(3 * 1024 * 1024));
  return root;
}
