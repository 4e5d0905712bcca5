import { expect, test } from "vitest";

import { proxyFor } from "../../src/drivers/s3/proxy.ts";

const HTTPS = "https://s3.example.com";
const HTTP = "http://s3.example.com";
const PROXY = { HTTPS_PROXY: "http://proxy:3128", HTTP_PROXY: "http://plain:3128" };

test.each([
  [HTTPS, {}, undefined],
  [HTTPS, { HTTPS_PROXY: "http://up:1", https_proxy: "http://low:1" }, "http://low:1"],
  [HTTPS, { HTTPS_PROXY: "http://up:1" }, "http://up:1"],
  [HTTPS, { HTTP_PROXY: "http://up:1" }, undefined],
  [HTTP, { http_proxy: "http://low:1", HTTP_PROXY: "http://up:1" }, "http://low:1"],
  [HTTP, { HTTP_PROXY: "http://up:1" }, "http://up:1"],
  [HTTP, { HTTP_PROXY: "http://up:1", REQUEST_METHOD: "GET" }, undefined],
  [HTTP, { ALL_PROXY: "http://all:1" }, "http://all:1"],
  [HTTPS, { all_proxy: "http://all:1", HTTPS_PROXY: "http://up:1" }, "http://up:1"],
  [HTTPS, { HTTPS_PROXY: "proxy.lan:3128" }, "http://proxy.lan:3128"],
  [HTTPS, { HTTPS_PROXY: "https://u:p@proxy:3128/" }, "https://u:p@proxy:3128"],
  [HTTPS, { HTTPS_PROXY: "" }, undefined],
])("%s with %j goes by %s", (url, env, expected) => {
  expect(proxyFor(url, env)).toBe(expected);
});

test.each([
  ["*", true],
  ["example.com", true],
  [".example.com", true],
  ["*.example.com", true],
  ["S3.Example.Com", true],
  ["other.org, s3.example.com", true],
  ["other.org s3.example.com", true],
  ["ample.com", false],
  ["3.example.com", false],
  ["example.com:443", true],
  ["example.com:8443", false],
  ["", false],
  [".", false],
  [",", false],
])("NO_PROXY=%s sends https://s3.example.com direct: %s", (list, direct) => {
  for (const name of ["NO_PROXY", "no_proxy"]) {
    const proxy = proxyFor(HTTPS, { ...PROXY, [name]: list });
    expect(proxy).toBe(direct ? undefined : "http://proxy:3128");
  }
});

test("NO_PROXY: an address stands for itself, its port is the URL's", () => {
  expect(proxyFor("http://10.0.0.1:9000", { ...PROXY, NO_PROXY: "10.0.0.1" })).toBeUndefined();
  expect(proxyFor("http://10.0.0.1:9000", { ...PROXY, NO_PROXY: "10.0.0.1:9000" })).toBeUndefined();
  expect(proxyFor("http://10.0.0.1:9000", { ...PROXY, NO_PROXY: "10.0.0.1:80" })).toBeDefined();
  expect(proxyFor("http://10.0.0.1:9000", { ...PROXY, NO_PROXY: "0.0.1" })).toBeDefined();
  expect(proxyFor("http://[fd00::1]:9000", { ...PROXY, NO_PROXY: "fd00::1" })).toBeUndefined();
  expect(
    proxyFor("http://[fd00::1]:9000", { ...PROXY, NO_PROXY: "[fd00::1]:9000" }),
  ).toBeUndefined();
});

test.each(["http://localhost:9000", "http://127.0.0.9", "https://[::1]:9", "http://x.localhost"])(
  "the own machine is reached directly: %s",
  (url) => {
    expect(proxyFor(url, PROXY)).toBeUndefined();
  },
);

test("a proxy that cannot be used is an error that names the variable, not its value", () => {
  for (const value of ["socks5://user:sEcReT@proxy", "http://", "user:sEcReT@[bad"]) {
    expect(() => proxyFor(HTTPS, { HTTPS_PROXY: value })).toThrow(
      /^HTTPS_PROXY is not an HTTP proxy/,
    );
  }
});
