import { describe, expect, it } from "vitest";
import { NO_REQUESTS } from "../../../src/plan-file/count-requests.ts";
import type { PlanTotals } from "../../../src/plan-file/plan-header.ts";
import { type Priceable, priceOf } from "../../../src/plan-file/price-of.ts";
import { DEFAULT_PRICES, parsePriceTable } from "../../../src/plan-file/price-table.ts";

const GIB = 1024 ** 3;

const TOTALS: PlanTotals = {
  actions: 0,
  files: 0,
  created: 0,
  replaced: 0,
  bytes: 0,
  bytesServerCopied: 0,
  directories: 0,
  links: 0,
  attributes: 0,
  removals: 0,
  bytesRemoved: 0,
  sourcesRemoved: 0,
  unchanged: 0,
  skipped: 0,
  ignored: 0,
  failed: 0,
  withheldCount: 0,
};

const LOCAL = { driver: "file", id: "file:///srv", path: "" };
const AWS = { driver: "s3", id: "s3://s3.eu-central-1.amazonaws.com/bucket", path: "" };
const R2 = { driver: "s3", id: "s3://abc.r2.cloudflarestorage.com/bucket", path: "" };
const OWN = { driver: "s3", id: "s3://127.0.0.1:9000/bucket", path: "" };

function job(changes: Partial<Priceable>): Priceable {
  const requests = { source: NO_REQUESTS, destination: NO_REQUESTS };
  return { source: LOCAL, destination: LOCAL, totals: TOTALS, requests, ...changes };
}

describe("[SY-329] the price of a plan", () => {
  it("is nothing between disks", () => {
    expect(priceOf(job({}), DEFAULT_PRICES)).toMatchObject({
      estimate: true,
      total: 0,
      source: { priced: "local" },
    });
  });

  it("counts requests by what they cost, and says by which table", () => {
    const requests = {
      source: NO_REQUESTS,
      destination: { ...NO_REQUESTS, put: 1000, part: 1000, head: 10_000, delete: 5000 },
    };
    const cost = priceOf(job({ destination: AWS, requests }), DEFAULT_PRICES);
    expect(cost).toMatchObject({
      total: 0.014,
      currency: "USD",
      table: { name: "omnisync", asOf: DEFAULT_PRICES.asOf },
      destination: { priced: "aws STANDARD", requests: 0.014, traffic: 0 },
    });
  });

  it("counts what leaves a store, but not what stores copy between themselves", () => {
    const totals = { ...TOTALS, bytes: 12 * GIB, bytesServerCopied: 2 * GIB };
    expect(priceOf(job({ source: AWS, totals }), DEFAULT_PRICES).source.traffic).toBe(0.9);
    expect(priceOf(job({ source: R2, totals }), DEFAULT_PRICES).source.traffic).toBe(0);
  });

  it("goes by the storage class of the plan, and warns of billed minimum days", () => {
    const cost = priceOf(
      job({
        destination: AWS,
        options: { storageClass: "standard_ia" },
        totals: { ...TOTALS, removals: 1 },
        requests: { source: NO_REQUESTS, destination: { ...NO_REQUESTS, put: 1000 } },
      }),
      DEFAULT_PRICES,
    );
    expect(cost.destination).toMatchObject({ priced: "aws STANDARD_IA", requests: 0.01 });
    expect(cost.destination.note).toContain("at least 30 days");
  });

  it("is unknown, not nothing, for a store that is in no table", () => {
    const cost = priceOf(job({ destination: OWN }), DEFAULT_PRICES);
    expect(cost.total).toBeUndefined();
    expect(cost.destination).toEqual({ priced: "unknown" });
  });

  it("goes by a table of one's own", () => {
    const table = parsePriceTable(
      JSON.stringify({
        name: "our cluster",
        asOf: "2026-11-01",
        currency: "EUR",
        entries: [
          {
            provider: "ceph",
            storageClass: "standard",
            hosts: ["127.0.0.1"],
            per1000: { put: 1, copy: 0, post: 0, list: 0, get: 0, delete: 0 },
            perGB: { egress: 0, retrieval: 0 },
            minimumDays: 0,
          },
        ],
      }),
    );
    const requests = { source: NO_REQUESTS, destination: { ...NO_REQUESTS, put: 500 } };
    expect(priceOf(job({ destination: OWN, requests }), table)).toMatchObject({
      total: 0.5,
      currency: "EUR",
      table: { name: "our cluster", asOf: "2026-11-01" },
    });
  });

  it.each([
    ["[]", "is not an object"],
    ["{", "is not JSON"],
    ["{}", "name: is missing"],
    [JSON.stringify({ ...DEFAULT_PRICES, asOf: "today" }), "asOf"],
    [JSON.stringify({ ...DEFAULT_PRICES, extra: 1 }), 'unknown field "extra"'],
    [JSON.stringify({ ...DEFAULT_PRICES, entries: [{}] }), "entries[0]: per1000"],
    [JSON.stringify(DEFAULT_PRICES).replace('"put":0.005', '"put":-1'), "entries[0]: per1000: put"],
  ])("refuses a table with the field that is wrong: %#", (text, problem) => {
    expect(() => parsePriceTable(text)).toThrow(problem);
  });

  it("reads back what the built-in table is", () => {
    expect(parsePriceTable(JSON.stringify(DEFAULT_PRICES))).toEqual(
      expect.objectContaining({ name: "omnisync", entries: expect.any(Array) }),
    );
  });
});
