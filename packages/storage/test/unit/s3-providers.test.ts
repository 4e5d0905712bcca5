import { expect, test } from "vitest";

import { providerByHost, providerByName, sortedProviders } from "../../src/drivers/s3/providers.ts";

test("names and aliases are unique and lower case", () => {
  const names = sortedProviders().flatMap((profile) => [profile.name, ...profile.aliases]);
  expect(new Set(names).size).toBe(names.length);
  for (const name of names) expect(name).toMatch(/^[a-z0-9]+$/);
});

test("providers come by label, the unknown one last", () => {
  const labels = sortedProviders().map((profile) => profile.label);
  expect(labels.at(-1)).toBe("Any other server");
  expect(labels.slice(0, -1)).toEqual(
    labels.slice(0, -1).sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1)),
  );
});

test("every provider's own endpoints are recognised as its own", () => {
  for (const profile of sortedProviders()) {
    if (profile.endpoint === undefined) continue;
    const endpoints = [profile.endpoint, ...Object.values(profile.regionEndpoints)];
    for (const endpoint of endpoints) {
      const url = endpoint
        .replace("{region}", profile.regions[0] ?? "r1")
        .replace("{account}", "me");
      expect(providerByHost(new URL(url).hostname)?.name, url).toBe(profile.name);
    }
  }
});

test("limits and defaults make sense for every provider", () => {
  for (const { name, quirks, regions, defaultRegion, endpoint } of sortedProviders()) {
    expect(quirks.minPartSize, name).toBeLessThan(quirks.maxPartSize);
    expect(quirks.maxObjectSize, name).toBeLessThanOrEqual(quirks.maxParts * quirks.maxPartSize);
    expect(quirks.maxPartSize, name).toBeGreaterThan(16 * 1024 ** 2);
    if (endpoint?.includes("{region}") && defaultRegion !== undefined) {
      expect(regions, name).toContain(defaultRegion);
    }
    if (!endpoint?.includes("{region}")) expect(defaultRegion, name).toBeDefined();
  }
});

test("of an unknown server nothing is taken for granted", () => {
  const { quirks } = providerByName("other");
  expect(new Set(Object.values(quirks.conditions))).toEqual(new Set(["probe"]));
  expect(quirks.etagQuoting).toBe("probe");
  expect(quirks.etagIsMd5).toBe("probe");
  expect(quirks.copyPart).toBe("probe");
});

test("what is documented stands in the table", () => {
  expect(providerByName("r2").quirks).toMatchObject({
    equalPartSizes: true,
    conditions: { partSource: false },
  });
  expect(providerByName("b2").quirks.conditions).toMatchObject({ create: false, replace: false });
  expect(providerByName("gcs").quirks).toMatchObject({
    copyPart: false,
    conditions: { create: false, replace: false, complete: false },
  });
  expect(providerByName("scaleway").quirks.maxParts).toBe(1000);
  expect(providerByName("aws").quirks.maxObjectSize).toBe(10_000 * 5 * 1024 ** 3);
});

test.each([
  ["AWS", "aws"],
  ["Cloudflare", "r2"],
  ["Backblaze B2", "b2"],
  ["TencentCOS", "tencent"],
  ["IBMCOS", "ibm"],
  ["OVHcloud", "ovh"],
  ["Digital-Ocean", "digitalocean"],
])("the name %s means %s", (name, expected) => {
  expect(providerByName(name).name).toBe(expected);
});

test.each([
  ["wasaby", "wasabi"],
  ["hetzer", "hetzner"],
  ["digitalocaen", "digitalocean"],
  ["scale", "scaleway"],
])("the typo %s is answered with %s", (name, expected) => {
  expect(() => providerByName(name)).toThrow(
    new RegExp(`--s3-provider.*did you mean .*${expected}`),
  );
});

test("a name like no other is answered with all names", () => {
  expect(() => providerByName("xyzzy")).toThrow(/known: aws, .*wasabi/);
});

test.each([
  ["s3.eu-central-1.amazonaws.com", "aws"],
  ["bucket.vpce-1a-2b.s3.us-east-1.vpce.amazonaws.com", "aws"],
  ["s3.cn-north-1.amazonaws.com.cn", "aws"],
  ["abc.eu.r2.cloudflarestorage.com", "r2"],
  ["x1y2.ch11.idrivee2-12.com", "idrive"],
  ["FRA1.DigitalOceanSpaces.com", "digitalocean"],
  ["storage.googleapis.com", "gcs"],
  ["ns.compat.objectstorage.eu-zurich-1.oci.customer-oci.com", "oracle"],
  ["notamazonaws.com", undefined],
  ["amazonaws.com.evil.example", undefined],
  ["minio.example.com", undefined],
  ["127.0.0.1", undefined],
])("the host %s belongs to %s", (host, expected) => {
  expect(providerByHost(host)?.name).toBe(expected);
});
