import { connect } from "node:net";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { expect, test } from "vitest";
import type { StrictS3FaultAction, StrictS3FaultRequest } from "../../src/index.ts";
import { bucket, codeOf, createClient, presign, startWitness } from "./strict-s3/witness.ts";
import type { Witness } from "./strict-s3/witness.ts";

const path = `/${bucket}/key`;
const here = { Bucket: bucket, Key: "key" };
const isGet = ({ operation }: StrictS3FaultRequest) => operation === "GetObject";

const put = (witness: Witness, body = "content") => witness.send({ method: "PUT", path, body });
const get = (witness: Witness) => witness.send({ path });

function plant(witness: Witness, action: StrictS3FaultAction, when = isGet) {
  return witness.server.faults.add({ when, do: action });
}

/** What a client reads from the socket before the connection ends, and how it ends. */
function readRaw(witness: Witness): Promise<{ bytes: Buffer; error: string | undefined }> {
  const target = presign(witness.server, { method: "GET", path });
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let error: string | undefined;
    const socket = connect(witness.server.port, "127.0.0.1");
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", ({ message }) => (error = message));
    socket.on("close", () => resolve({ bytes: Buffer.concat(chunks), error }));
    socket.write(`GET ${target} HTTP/1.1\r\nhost: 127.0.0.1:${witness.server.port}\r\n\r\n`);
  });
}

test("an error comes as often as it was ordered, for the requests it was ordered for", async () => {
  await using witness = await startWitness();
  await put(witness);
  const fault = witness.server.faults.add({
    when: ({ operation, key, n }) => operation === "GetObject" && key === "key" && n >= 2,
    do: { kind: "error", code: "SlowDown", retryAfter: 3 },
    times: 2,
  });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) statuses.push((await get(witness)).status);
  expect([statuses, fault.hits]).toEqual([[200, 503, 503, 200], 2]);
  expect(witness.server.log[2]).toMatchObject({ status: 503, code: "SlowDown" });
  plant(witness, { kind: "error", code: "SlowDown", retryAfter: 3 });
  expect((await get(witness)).headers["retry-after"]).toBe("3");
  const removed = plant(witness, { kind: "error", code: "InternalError" });
  removed.remove();
  expect((await get(witness)).status).toBe(200);
});

test("AWS's client retries SlowDown and InternalError", async () => {
  await using witness = await startWitness();
  const client = createClient(witness.server, { maxAttempts: 3 });
  for (const code of ["SlowDown", "InternalError"]) {
    witness.server.faults.add({ do: { kind: "error", code } });
  }
  await client.send(new PutObjectCommand({ ...here, Body: "content" }));
  expect(witness.server.requests.PutObject).toBe(3);
  client.destroy();
});

test("an error after the work: refused to the client, and done", async () => {
  await using witness = await startWitness();
  witness.server.faults.add({ do: { kind: "error", code: "InternalError", afterWork: true } });
  expect((await put(witness)).status).toBe(500);
  expect((await get(witness)).body.toString()).toBe("content");
});

test("ConditionalRequestConflict on demand", async () => {
  await using witness = await startWitness();
  witness.server.faults.add({ do: { kind: "error", code: "ConditionalRequestConflict" } });
  const answer = await put(witness);
  expect([answer.status, answer.code]).toEqual([409, "ConditionalRequestConflict"]);
  expect((await get(witness)).code).toBe("NoSuchKey");
});

test("errors inside a 200 are seen by AWS's client, and nothing was done", async () => {
  await using witness = await startWitness({ limits: { minPartSize: 1 } });
  const { client, server } = witness;
  await put(witness);
  const { UploadId = "" } = await client.send(new CreateMultipartUploadCommand(here));
  const part = { ...here, UploadId, PartNumber: 1 };
  const { ETag = "" } = await client.send(new UploadPartCommand({ ...part, Body: "new" }));
  const complete = () =>
    client.send(
      new CompleteMultipartUploadCommand({
        ...here,
        UploadId,
        MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
      }),
    );
  const copy = () =>
    client.send(
      new CopyObjectCommand({ Bucket: bucket, Key: "copy", CopySource: `${bucket}/key` }),
    );
  for (const call of [copy, complete]) {
    server.faults.add({ do: { kind: "late-200", error: "InternalError" } });
    expect(await codeOf(call())).toBe("InternalError");
  }
  expect((await witness.send({ path: `/${bucket}/copy` })).code).toBe("NoSuchKey");
  expect((await get(witness)).body.toString()).toBe("content");

  server.faults.add({ do: { kind: "late-200", blanks: 20 } });
  expect((await complete()).ETag).toMatch(/-1"$/);
  server.faults.add({ do: { kind: "late-200", blanks: 3 } });
  const headers = { "x-amz-copy-source": `${bucket}/key` };
  const raw = await witness.send({ method: "PUT", path: `/${bucket}/copy`, headers });
  expect(raw.body.toString()).toMatch(/^<\?xml [^>]*\?>\n {3}<CopyObjectResult/);
});

test("a delay delays, a hang hangs until the server closes", async () => {
  await using witness = await startWitness();
  await put(witness);
  plant(witness, { kind: "delay", ms: 50 });
  const begin = performance.now();
  expect((await get(witness)).status).toBe(200);
  expect(performance.now() - begin).toBeGreaterThan(45);
  plant(witness, { kind: "hang" });
  const hung = get(witness).then(
    () => "answered",
    () => "cut",
  );
  expect(await Promise.race([hung, new Promise((go) => setTimeout(go, 50, "waiting"))])).toBe(
    "waiting",
  );
  await witness.server.close();
  expect(await hung).toBe("cut");
});

test("a request cut at any byte of its body leaves nothing behind", async () => {
  await using witness = await startWitness();
  for (let afterBytes = 0; afterBytes <= 7; afterBytes++) {
    witness.server.faults.add({ do: { kind: "cut-request", afterBytes } });
    await expect(put(witness)).rejects.toThrow(/ECONNRESET|socket hang up/);
  }
  expect((await get(witness)).code).toBe("NoSuchKey");
  expect(witness.server.log[0]).toMatchObject({ operation: "PutObject", status: undefined });
});

test("a response cut at any byte gives exactly the bytes before it", async () => {
  await using witness = await startWitness();
  await put(witness, "0123456789");
  plant(witness, { kind: "cut-response", afterBytes: 100_000, style: "close" });
  const whole = (await readRaw(witness)).bytes;
  expect(whole.subarray(-10).toString()).toBe("0123456789");
  for (let afterBytes = 0; afterBytes < whole.byteLength; afterBytes += 7) {
    plant(witness, { kind: "cut-response", afterBytes });
    const { bytes, error } = await readRaw(witness);
    expect([bytes.byteLength, error]).toEqual([afterBytes, "read ECONNRESET"]);
  }
});

test("a lost answer: the client sees a reset, the object is there", async () => {
  await using witness = await startWitness();
  witness.server.faults.add({ do: { kind: "cut-response", afterBytes: 0 } });
  await expect(put(witness)).rejects.toThrow(/ECONNRESET|socket hang up/);
  expect((await get(witness)).body.toString()).toBe("content");
});

test("a truncated body: right Content-Length, orderly end, too few bytes", async () => {
  await using witness = await startWitness();
  await put(witness);
  for (const afterBytes of [0, 3, 6]) {
    plant(witness, { kind: "cut-body", afterBytes });
    const { bytes, error } = await readRaw(witness);
    const [head = "", body] = bytes.toString().split("\r\n\r\n");
    expect(head).toContain("content-length: 7");
    expect([body, error]).toEqual(["content".slice(0, afterBytes), undefined]);
  }
});

test("a flipped byte on its way out: AWS's client refuses the checksum", async () => {
  await using witness = await startWitness();
  await witness.client.send(new PutObjectCommand({ ...here, Body: "content" }));
  plant(witness, { kind: "flip-response", at: 3 });
  const read = await witness.client.send(
    new GetObjectCommand({ ...here, ChecksumMode: "ENABLED" }),
  );
  await expect(read.Body?.transformToString()).rejects.toThrow(/checksum/i);
  plant(witness, { kind: "flip-response", at: 3 });
  expect((await get(witness)).body[3]).toBe(~"content".charCodeAt(3) & 0xff);
  expect((await get(witness)).body.toString()).toBe("content");
});

test("a flipped byte on its way in is refused if the client sent a digest, and stored if not", async () => {
  await using witness = await startWitness();
  const flip = () => witness.server.faults.add({ do: { kind: "flip-request", at: 3 } });
  flip();
  expect((await put(witness)).code).toBe("XAmzContentSHA256Mismatch");
  const unsigned = (headers: Record<string, string>) =>
    witness.send({
      method: "PUT",
      path,
      body: "content",
      headers: { "x-amz-content-sha256": "UNSIGNED-PAYLOAD", ...headers },
    });
  flip();
  expect((await unsigned({ "content-md5": "mgNkuembtIDdJeHwKEyFVQ==" })).code).toBe("BadDigest");
  flip();
  expect((await unsigned({})).status).toBe(200);
  expect((await get(witness)).body.toString()).not.toBe("content");
});

test("any answer can be edited", async () => {
  await using witness = await startWitness();
  await put(witness);
  plant(witness, {
    kind: "edit-response",
    edit: (response) => ({ ...response, headers: { ...response.headers, etag: '"other"' } }),
  });
  expect((await get(witness)).headers["etag"]).toBe('"other"');
});

test.each([
  ["before its body is read", { sign: { secretAccessKey: "wrong" } }],
  [
    "in the middle of its body",
    {
      headers: {
        "x-amz-content-sha256": "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "x-amz-decoded-content-length": "100",
      },
    },
  ],
])("an upload refused %s is answered, and its connection goes on", async (_when, details) => {
  await using witness = await startWitness();
  const body = Buffer.alloc(2 ** 24, "x");
  const fields = Object.entries(witness.sign({ method: "PUT", path, body, ...details }));
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  const answers = await new Promise<string>((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(witness.server.port, "127.0.0.1");
    socket.on("error", ({ message }) => chunks.push(Buffer.from(message)));
    socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
    socket.on("data", (chunk) => {
      chunks.push(chunk);
      if (chunk.includes("AccessDenied")) socket.end();
    });
    socket.write(`PUT ${path} HTTP/1.1\r\n${head}\r\n`);
    socket.write(body);
    socket.write(`GET ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n`);
  });
  expect(answers.match(/<Code>\w+/g)).toEqual([
    expect.stringMatching(/SignatureDoesNotMatch|IncompleteBody/),
    "<Code>AccessDenied",
  ]);
});

test("whoever waits for 100 Continue is not asked for a body that is refused anyway", async () => {
  await using witness = await startWitness();
  const send = (target: string) =>
    new Promise<string>((resolve) => {
      const chunks: Buffer[] = [];
      const socket = connect(witness.server.port, "127.0.0.1");
      socket.on("close", () => resolve(Buffer.concat(chunks).toString()));
      socket.on("data", (chunk) => {
        chunks.push(chunk);
        if (chunk.toString().includes("100 Continue")) socket.write("content");
        else if (chunk.toString().includes("200 OK")) socket.end();
      });
      const host = `127.0.0.1:${witness.server.port}`;
      socket.write(
        `PUT ${target} HTTP/1.1\r\nhost: ${host}\r\ncontent-length: 7\r\nexpect: 100-continue\r\n\r\n`,
      );
    });
  const target = presign(witness.server, { method: "PUT", path });
  expect(await send(target)).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK/);
  expect(await send(`${target}0`)).toMatch(/^HTTP\/1.1 403 /);
});
