/**
 * nginx as a sink that stores whatever is PUT, as fast as a server can: no authentication, one worker,
 * files in memory. What a client costs shows best against it. Just enough S3 for clients that look
 * before they write: a listing is always empty, a PUT gives an ETag that is no MD5.
 */
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePorts } from "./free-ports.ts";
import { answers } from "./http-ready.ts";
import { ServerHome, inHome } from "./server-home.ts";
import type { TestServer } from "./test-server.ts";

export async function startNginxDav(): Promise<TestServer> {
  const home = new ServerHome("nginx-dav", memoryFolder());
  return inHome(home, async () => {
    const port = await freePorts(1);
    for (const folder of ["data", "incoming", "tmp"]) mkdirSync(join(home.directory, folder));
    writeFileSync(join(home.directory, "nginx.conf"), nginxConf(home.directory, port));
    home.start("nginx", "nginx", ["-p", home.directory, "-c", "nginx.conf", "-e", "log/error.log"]);
    const endpoint = `http://127.0.0.1:${port}`;
    await home.ready("nginx", () => answers(endpoint));
    return {
      name: "nginx-dav",
      endpoint,
      accessKeyId: "sink",
      secretAccessKey: "sink",
      region: "us-east-1",
      stop: () => home.stop(),
    };
  });
}

function memoryFolder(): string {
  return existsSync("/dev/shm") ? "/dev/shm" : tmpdir();
}

function nginxConf(directory: string, port: number): string {
  const list =
    "<ListBucketResult><KeyCount>0</KeyCount><IsTruncated>false</IsTruncated></ListBucketResult>";
  return `daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? "user root;" : ""}
pid ${directory}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_max_body_size 0;
  client_body_temp_path ${directory}/incoming;
  ${["proxy", "fastcgi", "uwsgi", "scgi"].map((name) => `${name}_temp_path ${directory}/tmp;`).join(" ")}
  map $request_method $put_etag { PUT '"sink-1"'; }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    root ${directory}/data;
    default_type application/octet-stream;
    location / {
      dav_methods PUT DELETE;
      create_full_put_path on;
      add_header ETag $put_etag;
      if ($arg_list-type) { return 200 '${list}'; }
    }
  }
}
`;
}
