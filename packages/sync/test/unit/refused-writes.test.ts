import { StorageError } from "@omnisync/storage";
import { disable } from "@omnisync/storage/layers";
import { sync } from "@omnisync/sync";
import { expect, it } from "vitest";
import { place, storeWith } from "../stores.ts";

it("[SY-37] a write that is refused before anything was read frees what would have been read", async () => {
  const [source, destination] = [await storeWith({ a: "1", b: "2" }), await storeWith()];
  let left = 0;
  source.read = async (path) => ({
    entry: (await source.stat(path))!,
    body: {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error("was read")),
        return: async () => {
          left++;
          return { done: true, value: undefined };
        },
      }),
    },
  });
  // As a driver does it that refuses the path.
  destination.write = async (path, body) => {
    await (body as AsyncGenerator).return(undefined);
    throw new StorageError("permission-denied", { path });
  };
  const report = await sync(place(source), place(disable(destination, "copy", "stage")));
  expect(report.failed).toBe(2);
  expect(left).toBe(2);
});
