import { decodeSignature } from "@omnisync/delta";
import { signObject } from "@omnisync/sync";
import { expect, it } from "vitest";
import { carrySignature } from "../../src/delta/carry-signature.ts";
import { Deltas } from "../../src/delta/deltas.ts";
import { place, storeWith } from "../stores.ts";

it("[SY-402] follows its object to a new version that has the same etag", async () => {
  const driver = await storeWith({ big: "content" });
  const { blake3, entry, signaturePath } = await signObject(place(driver, "big"));
  const before = { ...entry, version: "1" };
  const after = { ...before, version: "2", hashes: { blake3 } };
  const { signal } = new AbortController();
  const deltas = new Deltas({ threshold: 1 });
  await carrySignature({ driver, path: "big", signal }, { before, after }, deltas);
  const kept = await decodeSignature((await driver.read(signaturePath)).body);
  expect(kept.identity).toEqual({ etag: entry.etag, version: "2" });
});
