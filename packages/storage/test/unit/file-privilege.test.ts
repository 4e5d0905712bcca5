/** What a source may not do to who keeps its files: rights, security attributes, files outside. */
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { bytesOf, failure, makeRoot, openFileDriver } from "./file-helpers.ts";

const isLinux = process.platform === "linux";
const asRoot = test.skipIf(!isLinux || process.geteuid?.() !== 0);
const onLinux = test.skipIf(!isLinux);
const base64 = (text: string): string => Buffer.from(text).toString("base64");
const modeOf = (path: string): number => statSync(path).mode & 0o7777;

onLinux("[ST-272] extended attributes of the file system itself are not set by name", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  await driver.write("old", bytesOf("x"));
  for (const name of ["system.posix_acl_access", "system.nfs4_acl", "user.rsync.%stat"]) {
    const xattrs = { "user.fine": base64("1"), [name]: base64("x") };
    const failures = [
      await failure(driver.write("new", bytesOf("x"), { xattrs })),
      await failure(driver.setAttributes("old", { xattrs })),
      await failure(driver.mkdir("dir", { xattrs })),
    ];
    expect(failures.map(({ code }) => code)).toEqual(["unsupported", "unsupported", "unsupported"]);
    expect(failures.every(({ message }) => message.includes(name))).toBe(true);
  }
  const { xattrs } = (await driver.stat("old", { attributes: ["xattrs"] })) ?? {};
  expect(xattrs).toEqual({});
  expect(readdirSync(root)).not.toContain("new");
});

asRoot("[ST-272] the super-user alone keeps those beyond user.", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  const xattrs = { "trusted.a": base64("1"), "user.b": base64("2") };
  await driver.write("file", bytesOf("x"), { xattrs });
  expect(await driver.stat("file", { attributes: ["xattrs"] })).toMatchObject({ xattrs });
});

asRoot(
  "[ST-67] new content of a file of another owner has not that owner's set-id bits",
  async () => {
    const root = makeRoot();
    const driver = openFileDriver(root);
    const plant = (mode: number): void => {
      writeFileSync(join(root, "theirs"), "x");
      chownSync(join(root, "theirs"), 1234, 5678);
      chmodSync(join(root, "theirs"), mode);
    };
    plant(0o6755);
    await driver.write("theirs", bytesOf("y"));
    expect(modeOf(join(root, "theirs"))).toBe(0o755);
    plant(0o6755);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield bytesOf("z");
    }
    await driver.write("theirs", body());
    expect(modeOf(join(root, "theirs"))).toBe(0o755);
    plant(0o6755);
    await driver.write("theirs", bytesOf("y"), { uid: 1234, gid: 5678 });
    expect(modeOf(join(root, "theirs"))).toBe(0o6755);
    plant(0o6755);
    await driver.write("theirs", bytesOf("y"), { mode: 0o4755 });
    expect(modeOf(join(root, "theirs"))).toBe(0o4755);
  },
);

asRoot("[ST-130] a copy has not the set-id bits of its source", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  for (const size of [1, 3_000_000]) {
    writeFileSync(join(root, "theirs"), Buffer.alloc(size, 1));
    chownSync(join(root, "theirs"), 1234, 5678);
    chmodSync(join(root, "theirs"), 0o7755);
    await driver.copy({ driver, path: "theirs" }, "copy");
    expect(modeOf(join(root, "copy"))).toBe(0o1755);
    await driver.copy({ driver, path: "theirs" }, "copy", { mode: 0o4711 });
    expect(modeOf(join(root, "copy"))).toBe(0o4711);
  }
});

onLinux("[ST-130] a copy has not the mode of its source for a moment", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  writeFileSync(join(root, "source"), Buffer.alloc(2_000_000, 1));
  chmodSync(join(root, "source"), 0o4777);
  const seen = new Set<number>();
  for (let round = 0; round < 10; round++) {
    let pending = true;
    const copying = driver
      .copy({ driver, path: "source" }, "copy", { mode: 0o600 })
      .finally(() => (pending = false));
    for (; pending; await new Promise(setImmediate)) {
      const temp = readdirSync(root).find((name) => name.startsWith(".omnisync-"));
      const stats = temp && lstatSync(join(root, temp), { throwIfNoEntry: false });
      if (stats) seen.add(stats.mode & 0o7777);
    }
    await copying;
  }
  expect([...seen]).toEqual([0o600]);
});

onLinux(
  "[ST-16] a special file that becomes a link while it is made changes nothing outside",
  async () => {
    const root = makeRoot();
    const outside = makeRoot();
    writeFileSync(join(outside, "victim"), "x");
    chmodSync(join(outside, "victim"), 0o600);
    const before = lstatSync(join(outside, "victim"));
    // Stands for somebody who is quick with his own link.
    mkdirSync(join(outside, "bin"));
    const fake = join(outside, "bin/mkfifo");
    writeFileSync(fake, `#!/bin/sh\nexec ln -s ${join(outside, "victim")} "$3"\n`, { mode: 0o755 });
    const path = process.env["PATH"];
    process.env["PATH"] = `${join(outside, "bin")}:${path}`;
    onTestFinished(() => void (process.env["PATH"] = path));
    const driver = openFileDriver(root);
    const wish = { mode: 0o777, mtime: 1000, uid: 12, gid: 34 };
    const making = driver.makeSpecial("pipe", { type: "fifo" }, wish);
    await failure(making);
    const after = lstatSync(join(outside, "victim"));
    expect([after.mode, after.mtimeMs, after.uid]).toEqual([
      before.mode,
      before.mtimeMs,
      before.uid,
    ]);
    expect(readdirSync(root)).toEqual([]);
  },
);

onLinux("[ST-16] attributes of a link are its own, not those of what it points to", async () => {
  const root = makeRoot();
  const driver = openFileDriver(root);
  const victim = join(root, "victim");
  writeFileSync(victim, "x", { mode: 0o600 });
  chmodSync(victim, 0o600);
  symlinkSync("victim", join(root, "link"));
  const before = lstatSync(victim);
  const isRoot = process.geteuid?.() === 0;
  const more = isRoot ? { uid: 12, gid: 34, xattrs: { "trusted.a": base64("1") } } : {};
  await driver.setAttributes("link", { mode: 0o777, mtime: 1000, ...more });
  await driver.writeLink("another", "victim", { mtime: 1000, ...more });
  const after = lstatSync(victim);
  expect([after.mode, after.mtimeMs, after.uid]).toEqual([before.mode, before.mtimeMs, before.uid]);
  const { listAttributesSync } = createRequire(import.meta.url)(
    "@napi-rs/xattr",
  ) as typeof import("@napi-rs/xattr");
  expect(listAttributesSync(victim)).toEqual([]);
  expect(lstatSync(join(root, "link")).mtimeMs).toBe(1000);
  if (isRoot) expect(lstatSync(join(root, "link")).uid).toBe(12);
});
