/** The way to the store: certificates, proxies, connections that are used again. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type RequestListener, createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { type AddressInfo, type Server, connect, createServer as createTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";
import { expect, onTestFinished, test } from "vitest";
import { bytesOf, driverOn, startServer } from "./s3-helpers.ts";

const keys = { accessKeyId: "AKID", secretAccessKey: "secret" };

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

/** A certificate that nobody has signed but itself. */
function makeCertificate(names = "IP:127.0.0.1"): {
  readonly key: Buffer;
  readonly cert: Buffer;
  readonly file: string;
} {
  const directory = mkdtempSync(join(tmpdir(), "s3-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const [key, cert] = [join(directory, "key.pem"), join(directory, "cert.pem")];
  const subject = ["-subj", "/CN=test", "-addext", `subjectAltName=${names}`, "-days", "2"];
  const files = ["-keyout", key, "-out", cert];
  const kind = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-sha256"];
  execFileSync("openssl", [...kind, ...subject, ...files], { stdio: "ignore" });
  return { key: readFileSync(key), cert: readFileSync(cert), file: cert };
}

const ok: RequestListener = (request, response) => {
  request.resume().on("end", () => response.writeHead(200, { etag: '"x"' }).end());
};

test("a certificate that nobody vouches for is refused, once and for all", async () => {
  const { key, cert } = makeCertificate();
  let requests = 0;
  const port = await listen(createHttps({ key, cert }, () => void requests++));
  const driver = driverOn({ ...keys, endpoint: `https://127.0.0.1:${port}` });
  const write = driver.write("a", bytesOf("x"));
  await expect(write).rejects.toMatchObject({ code: "unavailable", retry: "never" });
  expect(requests).toBe(0);
});

test("a certificate of the given authority is taken", async () => {
  const { key, cert, file } = makeCertificate();
  const port = await listen(createHttps({ key, cert }, ok));
  const endpoint = `https://127.0.0.1:${port}`;
  const driver = driverOn({ ...keys, endpoint }, { caBundle: file });
  expect(await driver.write("a", bytesOf("x"))).toMatchObject({ etag: "x", size: 1 });
});

test("a server is asked for its name, unless it has an address only", async () => {
  const { key, cert, file } = makeCertificate("DNS:localhost,IP:127.0.0.1,IP:::1");
  const asked: unknown[] = [];
  const server = createHttps({ key, cert }, (request, response) => {
    asked.push((request.socket as TLSSocket).servername);
    ok(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, "::", resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  for (const host of ["localhost", "127.0.0.1", "[::1]"]) {
    const driver = driverOn({ ...keys, endpoint: `https://${host}:${port}` }, { caBundle: file });
    await driver.write("a", bytesOf("x"));
  }
  expect(asked).toEqual(["localhost", false, false]);
});

test("a certificate of another name is refused", async () => {
  const { key, cert, file } = makeCertificate("DNS:store.example.org");
  const port = await listen(createHttps({ key, cert }, ok));
  const endpoint = `https://127.0.0.1:${port}`;
  const driver = driverOn({ ...keys, endpoint }, { caBundle: file });
  const write = driver.write("a", bytesOf("x"));
  await expect(write).rejects.toMatchObject({ code: "unavailable" });
});

test("a bundle of certificates that is not there is an error of the request", async () => {
  const driver = driverOn({ ...keys, endpoint: "https://127.0.0.1:1" }, { caBundle: "/no/such" });
  await expect(driver.stat("a")).rejects.toThrow("/no/such");
});

test("a bundle that holds no certificates is one too", async () => {
  const directory = mkdtempSync(join(tmpdir(), "s3-tls-"));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const caBundle = join(directory, "bundle.pem");
  writeFileSync(caBundle, "-----BEGIN CERTIFICATE-----\nnone\n-----END CERTIFICATE-----\n");
  const driver = driverOn({ ...keys, endpoint: "https://127.0.0.1:1" }, { caBundle });
  await expect(driver.stat("a")).rejects.toMatchObject({ name: "StorageError" });
});

test("a proxy: plain requests are passed on, TLS goes through a tunnel", async () => {
  const { key, cert, file } = makeCertificate();
  const secure = await listen(createHttps({ key, cert }, ok));
  const seen: string[] = [];
  const proxy = createHttp((request, response) => {
    seen.push(`${request.method} ${new URL(request.url as string).pathname}`);
    ok(request, response);
  });
  proxy.on("connect", (request, client) => {
    seen.push(`CONNECT ${request.url}`);
    const server = connect(secure, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n");
      server.pipe(client).pipe(server);
    });
    for (const end of [client, server]) end.on("error", () => server.destroy());
  });
  const url = `http://127.0.0.1:${await listen(proxy)}`;
  const plain = driverOn({ ...keys, endpoint: "http://s3.invalid" }, { proxy: url });
  await plain.write("a", bytesOf("x"));
  const endpoint = `https://127.0.0.1:${secure}`;
  const tunneled = driverOn({ ...keys, endpoint }, { proxy: url, caBundle: file });
  await tunneled.write("a", bytesOf("x"));
  expect(seen).toEqual(["PUT /bucket/a", `CONNECT 127.0.0.1:${secure}`]);
});

test("connections are used again, also after HEAD, a refusal and a listing", async () => {
  const server = await startServer();
  let sockets = 0;
  const relay = createTcp((client) => {
    sockets++;
    const onward = connect(server.port, "127.0.0.1");
    client.pipe(onward).pipe(client);
    client.on("error", () => onward.destroy());
    onward.on("error", () => client.destroy());
  });
  const endpoint = `http://127.0.0.1:${await listen(relay)}`;
  const driver = driverOn({ ...server, endpoint }, { connections: 4 });
  for (let i = 0; i < 5; i++) {
    await driver.write("a", bytesOf("x"));
    await driver.stat("a");
    await driver.stat("missing");
    await driver.write("a", bytesOf("x"), { ifNoneMatch: "*" }).catch(() => {});
    await Array.fromAsync((await driver.read("a")).body);
    await Array.fromAsync(driver.list(""));
  }
  // One of our own, one of undici's for what is read as it comes.
  expect(sockets).toBe(2);
});
