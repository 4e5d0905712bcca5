import { expect } from "vitest";
import { bytesOf, get, getText, heldBody, listAll, put, refused, visible } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addCloseTests(suite: Suite): void {
  suite.test("ST-4", "closed everywhere", async ({ driver }) => {
    await put(driver, "file", "x");
    const upload = await driver.multipart?.create("upload");
    const part = await driver.multipart?.putPart(upload!, 1, bytesOf("x"));
    await driver.multipart?.abort(upload!);
    await driver.close();
    await driver.close();
    const source = { driver, path: "file" };
    const range = { offset: 0, length: 1 };
    const calls: Readonly<Record<string, (() => Promise<unknown>) | undefined>> = {
      stat: () => driver.stat("file"),
      list: () => Array.fromAsync(driver.list("")),
      read: () => driver.read("file"),
      write: () => driver.write("file", bytesOf("y")),
      remove: () => driver.remove("file"),
      probe: driver.probe && (() => driver.probe!()),
      mkdir: driver.mkdir && (() => driver.mkdir!("dir")),
      rmdir: driver.rmdir && (() => driver.rmdir!("dir")),
      copy: driver.copy && (() => driver.copy!(source, "copy")),
      move: driver.move && (() => driver.move!("file", "moved")),
      setAttributes: driver.setAttributes && (() => driver.setAttributes!("file", {})),
      readLink: driver.readLink && (() => driver.readLink!("file")),
      writeLink: driver.writeLink && (() => driver.writeLink!("link", "file")),
      stage: driver.stage && (() => driver.stage!("file", 1)),
      readBlock: driver.readBlock && (() => driver.readBlock!("file", range)),
      openFile: driver.openFile && (() => driver.openFile!("file")),
      presign: driver.presign && (() => driver.presign!("file", { method: "GET", expiresIn: 60 })),
      removeMany: driver.removeMany && (() => driver.removeMany!(["file"])),
      "removeMany of nothing": driver.removeMany && (() => driver.removeMany!([])),
      identify: driver.identify && (() => driver.identify!("file")),
      hardLink: driver.hardLink && (() => driver.hardLink!("file", "name")),
      makeSpecial: driver.makeSpecial && (() => driver.makeSpecial!("fifo", { type: "fifo" })),
      patch: driver.patch && (() => driver.patch!("file")),
      watch: driver.watch && (() => driver.watch!("")),
      listVersions: driver.listVersions && (() => Array.fromAsync(driver.listVersions!("file"))),
      removeVersion: driver.removeVersion && (() => driver.removeVersion!("file", "1")),
      flush: driver.flush && (() => driver.flush!("file")),
      about: driver.about && (() => driver.about!()),
      removeStale: driver.removeStale && (() => driver.removeStale!("file")),
      ...(driver.multipart && {
        create: () => driver.multipart!.create("file"),
        putPart: () => driver.multipart!.putPart(upload!, 1, bytesOf("x")),
        copyPart: driver.capabilities.copyPart
          ? () => driver.multipart!.copyPart(upload!, 1, source, range)
          : undefined,
        listParts: () => Array.fromAsync(driver.multipart!.listParts(upload!)),
        complete: () => driver.multipart!.complete(upload!, [part!]),
        abort: () => driver.multipart!.abort(upload!),
        listUploads: () => Array.fromAsync(driver.multipart!.listUploads("")),
      }),
    };
    for (const [name, call] of Object.entries(calls)) {
      if (call === undefined) continue;
      const error = await refused(call(), "closed").catch((problem: unknown) => {
        throw new Error(`${name} after close`, { cause: problem });
      });
      expect(error.retry, name).toBe("never");
    }
  });

  suite.test("ST-9", "closing with calls under way", async ({ driver, reopen }) => {
    const after = await reopen();
    await put(driver, "file", "old");
    const { body, reached, release } = heldBody(bytesOf("new "), bytesOf("content"));
    const writing = driver.write("file", body);
    await Promise.race([reached, writing]);
    const small = driver.write("small", bytesOf("small"));
    const others = [driver.stat("file"), get(driver, "file"), listAll(driver), driver.remove("x")];
    const calls = Promise.allSettled([writing, small, ...others]);
    await driver.close();
    release();
    const [first, second, ...rest] = await calls;
    for (const result of [first, second, ...rest])
      if (result.status === "rejected") await refused(Promise.reject(result.reason), "closed");
    if (after === driver) return;
    const whole = first.status === "fulfilled" ? ["new content"] : ["old", "new content"];
    expect(whole).toContain(await getText(after, "file"));
    const there = await visible(after);
    expect(["file", "small"]).toEqual(expect.arrayContaining(there));
    if (second.status === "fulfilled") expect(there).toContain("small");
    if (there.includes("small")) expect(await getText(after, "small")).toBe("small");
  });

  suite.test("ST-4 ST-56", "closing with a body and a listing still open", async ({ driver }) => {
    await put(driver, "file", "x".repeat(1_000_000));
    const { body } = await driver.read("file");
    const reading = body[Symbol.asyncIterator]();
    await reading.next();
    const listing = driver.list("")[Symbol.asyncIterator]();
    await listing.next();
    await driver.close();
    // Both may still give what they hold, or say that it is over; neither may hang.
    await drain(reading);
    await drain(listing);
  });
}

async function drain(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    while ((await iterator.next()).done !== true);
  } catch (error) {
    await refused(Promise.reject(error), "closed", "aborted");
  }
}
