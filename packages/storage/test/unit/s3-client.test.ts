import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { inspect } from "node:util";
import { describe, expect, onTestFinished, test } from "vitest";
import type { StorageError } from "../../src/errors.ts";
import { BUCKET, bytesOf, configOf, driverOn, startServer, textAt } from "./s3-helpers.ts";

const HOUR = 3_600_000;
const keys = { accessKeyId: "AKID", secretAccessKey: "S3CR3T+KEY/EXAMPLE" };

/** A server of one answer. */
async function startPlain(
  answer: Parameters<typeof createServer>[1],
): Promise<{ readonly endpoint: string; readonly hits: () => number }> {
  let hits = 0;
  const server = createServer((request, response) => {
    hits++;
    answer!(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { endpoint: `http://127.0.0.1:${port}`, hits: () => hits };
}

async function failure(attempt: Promise<unknown>): Promise<StorageError> {
  return attempt.then(
    () => expect.fail("succeeded"),
    (error: StorageError) => error,
  );
}

describe("what an answer puts right", () => {
  test("the region of the bucket, once for all", async () => {
    const server = await startServer({ region: "eu-west-1" });
    const driver = driverOn(server);
    expect(await driver.stat("missing")).toBeUndefined();
    const before = server.log.length;
    await driver.write("a", bytesOf("x"));
    expect(server.log.length - before).toBe(1);
  });

  test("a clock that is wrong, also where the answer has no body", async () => {
    for (const skew of [HOUR, -HOUR]) {
      const now = (): number => Date.now() + skew;
      const server = await startServer({ now });
      const date = (): string => new Date(now()).toUTCString();
      server.faults.add({
        do: {
          kind: "edit-response",
          edit: (it) => ({ ...it, headers: { ...it.headers, date: date() } }),
        },
        times: Infinity,
      });
      const driver = driverOn(server);
      expect(await driver.stat("missing")).toBeUndefined();
      await driver.write("a", bytesOf("x"));
      expect(await textAt(driver, "a")).toBe("x");
    }
  });

  test("credentials that ran out", async () => {
    const old = { ...keys, sessionToken: "old", expiresAt: Date.now() - 1 };
    const fresh = { ...keys, accessKeyId: "AKID2", sessionToken: "fresh" };
    const server = await startServer({ credentials: [old, fresh] });
    let refreshed = 0;
    const driver = driverOn(server, {
      credentials: async ({ refresh = false } = {}) => {
        if (refresh) refreshed++;
        return refreshed > 0 ? fresh : old;
      },
    });
    await driver.write("a", bytesOf("x"));
    expect(refreshed).toBe(1);
  });

  test("credentials that stay refused are an error, after one renewal", async () => {
    const server = await startServer({
      credentials: [{ ...keys, sessionToken: "t", expiresAt: 1 }],
    });
    const driver = driverOn(server, { credentials: async () => ({ ...keys, sessionToken: "t" }) });
    expect((await failure(driver.write("a", bytesOf("x")))).code).toBe("unauthenticated");
    expect(server.requests.PutObject).toBe(1);
  });
});

describe("redirects", () => {
  test("are not followed to another host: it sees no request", async () => {
    const other = await startPlain((_, response) => response.end());
    for (const status of [301, 302, 307, 308]) {
      const first = await startPlain((_, response) => {
        response.writeHead(status, { location: `${other.endpoint}/bucket/a` }).end();
      });
      const driver = driverOn({ ...keys, ...first }, { maxAttempts: 2 });
      const { code, message } = await failure(driver.write("a", bytesOf("x")));
      expect(["invalid-argument", "unavailable"]).toContain(code);
      expect(message).toContain("redirects elsewhere");
    }
    expect(other.hits()).toBe(0);
  });

  test("to a region stay at the configured host", async () => {
    const server = await startPlain((request, response) => {
      const signed = request.headers.authorization?.includes("/eu-west-1/s3/");
      if (signed) response.writeHead(200, { etag: '"x"' }).end();
      else response.writeHead(301, { "x-amz-bucket-region": "eu-west-1" }).end();
    });
    await driverOn({ ...keys, ...server }).write("a", bytesOf("x"));
    expect(server.hits()).toBe(2);
  });
});

describe("retries", () => {
  test("a busy store, after the time that it asks for", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "error", code: "SlowDown", retryAfter: 7 }, times: 2 });
    const waits: number[] = [];
    const retry = { maxDelay: 60_000, sleep: async (ms: number) => void waits.push(ms) };
    await driverOn(server, {}, { retry }).write("a", bytesOf("x"));
    expect(server.requests.PutObject).toBe(3);
    for (const wait of waits) expect(wait).toBeGreaterThanOrEqual(7000);
  });

  test("as often as allowed, then the error says so", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "error", code: "InternalError" }, times: Infinity });
    const error = await failure(driverOn(server).stat("a"));
    expect(error).toMatchObject({ code: "unavailable", path: "a" });
    expect(error.message).toContain("after 4 attempts");
  });

  test("not what was refused", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "error", code: "AccessDenied" } });
    await failure(driverOn(server).write("a", bytesOf("x")));
    expect(server.requests.PutObject).toBe(1);
  });

  test.each([
    ["before the request is in", { kind: "cut-request", afterBytes: 0 } as const],
    ["in the middle of the body", { kind: "cut-request", afterBytes: 1000 } as const],
    ["when the answer is lost", { kind: "cut-response", afterBytes: 0 } as const],
    ["in the middle of the answer", { kind: "cut-response", afterBytes: 20 } as const],
    ["by a byte that changed on the way", { kind: "flip-request", at: 5 } as const],
  ])("a PUT that fails %s", async (_, fault) => {
    const server = await startServer();
    server.faults.add({ do: fault });
    const content = "x".repeat(100_000);
    await driverOn(server).write("a", bytesOf(content));
    expect(await textAt(driverOn(server), "a")).toBe(content);
    expect(server.requests.PutObject).toBe(2);
  });

  test("an error inside an answer of 200", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", bytesOf("x"));
    const fault = server.faults.add({
      when: ({ operation }) => operation === "CopyObject",
      do: { kind: "late-200", error: "InternalError" },
      times: 2,
    });
    await driver.copy({ driver, path: "a" }, "b");
    expect(fault.hits).toBe(2);
    expect(await textAt(driver, "b")).toBe("x");
    server.faults.add({ do: { kind: "late-200", error: "AccessDenied" } });
    expect((await failure(driver.copy({ driver, path: "a" }, "c"))).code).toBe("permission-denied");
    expect(await driver.stat("c")).toBeUndefined();
  });

  test("an answer of 200 that ends in its document", async () => {
    const server = await startServer();
    const driver = driverOn(server);
    await driver.write("a", bytesOf("x"));
    const half = (body: readonly Uint8Array[]): Uint8Array[] => {
      const whole = Buffer.concat(body);
      return [whole.subarray(0, whole.byteLength >> 1)];
    };
    server.faults.add({
      do: { kind: "edit-response", edit: (it) => ({ ...it, body: half(it.body) }) },
    });
    await driver.copy({ driver, path: "a" }, "b");
    expect(server.requests.CopyObject).toBe(2);
  });
});

describe("waiting", () => {
  test("[ST-3] an abort ends a request at once, queued or hanging", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "hang" }, times: Infinity });
    const driver = driverOn(server, { connections: 1 });
    const controller = new AbortController();
    const { signal } = controller;
    const calls = [driver.stat("a", { signal }), driver.write("b", bytesOf("x"), { signal })];
    const failures = Promise.all(calls.map(failure));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const start = performance.now();
    controller.abort();
    for (const { code } of await failures) expect(code).toBe("aborted");
    expect(performance.now() - start).toBeLessThan(2000);
  });

  test("a store that never answers is given up", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "hang" }, times: Infinity });
    const driver = driverOn(server, { idleTimeout: 300, maxAttempts: 1 });
    expect((await failure(driver.stat("a"))).code).toBe("timeout");
  });

  test("nobody listens", async () => {
    const driver = driverOn({ ...keys, endpoint: "http://127.0.0.1:1" }, { maxAttempts: 1 });
    expect((await failure(driver.stat("a"))).code).toBe("unavailable");
  });

  test("[ST-4] closing ends what hangs", async () => {
    const server = await startServer();
    server.faults.add({ do: { kind: "hang" }, times: Infinity });
    const driver = driverOn(server);
    const hanging = failure(driver.stat("a"));
    await new Promise((resolve) => setTimeout(resolve, 50));
    await driver.close();
    expect((await hanging).code).toBe("closed");
  });
});

test("virtual-hosted buckets", async () => {
  const server = await startServer();
  const endpoint = server.endpoint.replace("127.0.0.1", "localhost");
  const driver = driverOn({ ...server, endpoint }, { addressing: "virtual" });
  const url = await driver.presign!("a b", { method: "GET", expiresIn: 60 });
  expect(url).toMatch(new RegExp(`^http://${BUCKET}\\.localhost:\\d+/a%20b\\?`));
});

test("no error shows a secret, a signature or a signed URL", async () => {
  const secrets = /S3CR3T|Signature=|AWS4-HMAC|sessionSECRET|dGhlIGN1c3RvbWVy/;
  const token = { ...keys, sessionToken: "sessionSECRET" };
  const refusing = await startPlain((request, response) => {
    const quoted = `<StringToSign>${request.headers.authorization}</StringToSign>`;
    response.writeHead(403).end(`<Error><Code>SignatureDoesNotMatch</Code>${quoted}</Error>`);
  });
  const cutting = await startPlain((request) => void request.socket.destroy());
  for (const { endpoint } of [refusing, cutting, { endpoint: "http://127.0.0.1:1" }]) {
    const driver = driverOn(
      { ...keys, endpoint },
      {
        credentials: async () => token,
        sseCustomerKey: Buffer.from("the customer key of 32 bytes....").toString("base64"),
        maxAttempts: 1,
      },
    );
    for (const attempt of [
      () => driver.write("a", bytesOf("x")),
      () => driver.stat("a"),
      () => driver.read("a"),
      () => Array.fromAsync(driver.list("")),
    ]) {
      const error = await failure(attempt());
      expect(inspect(error, { depth: 20, showHidden: true })).not.toMatch(secrets);
    }
  }
});

test("an id names the store and no secret", () => {
  const driver = driverOn({ ...keys, endpoint: "https://s3.example.com:9000" }, { root: "a/b" });
  expect(driver.id).toBe(`s3://s3.example.com:9000/${BUCKET}/a/b`);
  expect(configOf({ ...keys, endpoint: "http://x" }).root).toBe("");
});
