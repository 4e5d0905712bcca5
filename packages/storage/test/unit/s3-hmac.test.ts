/** What signatures are made with, against Node's. */
import fc from "fast-check";
import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { HmacKey } from "../../src/drivers/s3/hmac.ts";

test("HMACs of any key and text are Node's", () => {
  const keys = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(keys, fc.array(fc.string({ unit: "grapheme", maxLength: 600 })), (key, texts) => {
      const hmac = new HmacKey(key);
      for (const text of texts) {
        expect(hmac.digest(text)).toBe(createHmac("sha256", key).update(text).digest("hex"));
      }
    }),
  );
});
