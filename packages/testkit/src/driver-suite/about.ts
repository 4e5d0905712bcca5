import { expect } from "vitest";
import { put, refused } from "./content.ts";
import type { Suite } from "./suite.ts";

export function addAboutTests(suite: Suite): void {
  if (!suite.capabilities.about) return;

  suite.test("ST-210", "figures that can be true", async ({ driver }) => {
    await put(driver, "file", "some bytes");
    const about = await driver.about!();
    const figures = Object.values(about).filter((value) => value !== undefined);
    expect(figures.length).toBeGreaterThan(0);
    for (const figure of figures) {
      expect(Number.isSafeInteger(figure)).toBe(true);
      expect(figure).toBeGreaterThanOrEqual(0);
    }
    const { total = Infinity, used = 0, free = 0 } = about;
    expect(used).toBeLessThanOrEqual(total);
    expect(free).toBeLessThanOrEqual(total);
  });

  suite.test("ST-3", "aborted", async ({ driver }) => {
    await refused(driver.about!({ signal: AbortSignal.abort() }), "aborted");
  });
}
