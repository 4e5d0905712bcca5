/** A store that takes preconditions and ignores them, as Ceph, GCS and others do with some. */
import { type IncomingMessage, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import type { StrictS3 } from "@omnisync/testkit";
import { onTestFinished } from "vitest";
import { Signer } from "../../src/drivers/s3/sigv4.ts";

const IGNORED =
  /^(if-|x-amz-copy-source-if-|authorization$|host$|x-amz-date$|connection$|content-length$)/;

/** Its endpoint: passes everything else on, signed anew. */
export async function startIgnoringProxy(
  server: StrictS3,
  ignores: (incoming: IncomingMessage) => boolean = () => true,
): Promise<{ readonly endpoint: string }> {
  const { accessKeyId, secretAccessKey } = server;
  const proxy = createServer((incoming, outgoing) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { pathname, search } = new URL(incoming.url as string, server.endpoint);
      const headers = ["host", `127.0.0.1:${server.port}`];
      for (const [name, value] of Object.entries(incoming.headers)) {
        const isCondition = name.startsWith("if-") || name.startsWith("x-amz-copy-source-if-");
        if (!IGNORED.test(name) || (isCondition && !ignores(incoming)))
          headers.push(name, String(value));
      }
      const method = incoming.method as string;
      const payloadHash = String(incoming.headers["x-amz-content-sha256"]);
      const signable = { method, path: pathname, query: search.slice(1), headers, payloadHash };
      new Signer(server.region).sign(signable, { accessKeyId, secretAccessKey }, Date.now());
      const body = Buffer.concat(chunks);
      const onward = request(
        {
          port: server.port,
          method,
          path: incoming.url,
          headers: [...headers, "content-length", String(body.byteLength)],
        },
        (answer) => {
          outgoing.writeHead(answer.statusCode as number, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on("error", () => outgoing.destroy());
      onward.end(body);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    proxy.closeAllConnections();
    proxy.close();
  });
  return { endpoint: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}` };
}
