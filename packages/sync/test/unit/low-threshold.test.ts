import { randomBytes } from "node:crypto";
import { sync } from "@omnisync/sync";
import { expect, test } from "vitest";
import { serveBucket } from "../bucket.ts";
import { T0, place, recorder, storeWith } from "../stores.ts";

const MiB = 1024 * 1024;

test("[SY-400] [SY-401] a small file above a low threshold leaves a signature, and is then sent as what differs", async () => {
  const old = randomBytes(7 * MiB);
  const changed = Uint8Array.from(old);
  changed.fill(1, 6 * MiB);
  const bucket = await serveBucket();
  const to = place(await bucket.open());
  const delta = { threshold: MiB };
  await sync(place(await storeWith({ a: old })), to, { delta });
  const { onEvent, events } = recorder();
  const source = place(await storeWith({ a: changed }, { mtime: T0 + 10_000 }));
  await sync(source, to, { delta, onEvent });
  expect(events).toMatchObject([{ delta: "used", matched: 6 * MiB, bytes: MiB }]);
});
