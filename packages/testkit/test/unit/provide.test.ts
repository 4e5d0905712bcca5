import { expect, test } from "vitest";
import { missingReason } from "../../src/servers/provide.ts";

test("a server that cannot be had is named in one line, with the way to get it", () => {
  expect(missingReason("nginx-dav", undefined)).toBe(
    "nginx-dav is not installed; on Debian or Ubuntu, as root: apt-get install -y --no-install-recommends nginx",
  );
});

test("a failed installation gives its reason", () => {
  expect(missingReason("nginx-dav", "E: no space left")).toContain(
    "could not be installed (E: no space left)",
  );
});
