/** An S3 bucket that only exists as its listing: any number of objects, made up page by page. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export async function startListingServer(
  objects: number,
): Promise<{ readonly endpoint: string; close(): void }> {
  const server = createServer((incoming, answer) => {
    const query = new URL(incoming.url!, "http://localhost").searchParams;
    if (!query.has("list-type")) {
      answer.writeHead(404).end();
      return;
    }
    const from = Number(query.get("continuation-token") ?? 0);
    const count = Math.min(Number(query.get("max-keys") ?? 1000), 1000, objects - from);
    answer.writeHead(200, { "content-type": "application/xml" }).end(page(from, count, objects));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function page(from: number, count: number, objects: number): string {
  let contents = "";
  for (let i = from; i < from + count; i++) {
    const key = `d${String(Math.floor(i / 100)).padStart(5, "0")}/file-${String(i).padStart(7, "0")}.dat`;
    contents += `<Contents><Key>${key}</Key><LastModified>2026-01-01T00:00:00.000Z</LastModified><ETag>&quot;${i.toString(16).padStart(32, "0")}&quot;</ETag><Size>${i % 4096}</Size><StorageClass>STANDARD</StorageClass></Contents>`;
  }
  const next = from + count;
  const more =
    next < objects
      ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${next}</NextContinuationToken>`
      : "<IsTruncated>false</IsTruncated>";
  return `<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>listing</Name><Prefix></Prefix><KeyCount>${count}</KeyCount><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType>${more}${contents}</ListBucketResult>`;
}
