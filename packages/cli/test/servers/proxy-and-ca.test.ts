/**
 * A server behind TLS whose authority nobody knows, and proxies on the way. The server is reached as
 * 0.0.0.0, which leads to this machine and is not its loopback: that one never goes by a proxy.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type ForwardProxy, makeCertificate, startTinyproxy } from "@omnisync/testkit/servers";
import { programOrSkip } from "@omnisync/testkit/servers/inject";
import { type StrictS3, startStrictS3 } from "@omnisync/testkit/strict-s3";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Outcome, lines, runCli } from "../run-cli.ts";
import { createTree, treeOf } from "../temp-tree.ts";

const TREE = { "src/a.txt": "aaa", "src/big": "b".repeat(9 * 1024 * 1024 + 1) };
const LOGIN = { user: "someone", password: "pass-wo.rd" };

interface Run {
  readonly server: StrictS3;
  readonly env?: Readonly<Record<string, string>>;
  readonly flags?: readonly string[];
}

/** Up into a bucket and down again, by the command line. */
async function roundTrip({ server, env = {}, flags = [] }: Run): Promise<Outcome> {
  const root = createTree(TREE);
  const options = { cwd: root, env: { ...keys(server), XDG_CACHE_HOME: `${root}/.cache`, ...env } };
  const up = await runCli(["sync", ...flags, "src/", "s3://bucket/x"], options);
  if (up.code !== 0) return up;
  const down = await runCli(["sync", ...flags, "s3://bucket/x/", "back"], options);
  if (down.code === 0) expect(treeOf(join(root, "back"))).toEqual(treeOf(join(root, "src")));
  return down;
}

function keys(server: StrictS3): Record<string, string> {
  return {
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_ENDPOINT_URL: server.endpoint.replace("127.0.0.1", "0.0.0.0"),
    AWS_REGION: server.region,
  };
}

function withLogin(proxy: ForwardProxy, { user, password }: typeof LOGIN): string {
  return proxy.url.replace("://", `://${user}:${encodeURIComponent(password)}@`);
}

async function setUp() {
  const certificate = await makeCertificate(["IP:0.0.0.0"]);
  const misplaced = await makeCertificate(["DNS:example.org"]);
  const buckets = { bucket: {} };
  return {
    authority: certificate.authority,
    elsewhereAuthority: misplaced.authority,
    secure: await startStrictS3({ buckets, tls: certificate }),
    plain: await startStrictS3({ buckets }),
    elsewhere: await startStrictS3({ buckets, tls: misplaced }),
    open: await startTinyproxy(),
    closed: await startTinyproxy({ login: LOGIN }),
  };
}

const provided = ["openssl", "tinyproxy"] as const;
if (provided.map((name) => programOrSkip(name)).every(Boolean)) {
  let at: Awaited<ReturnType<typeof setUp>>;
  let bundle: string;
  beforeAll(async () => {
    at = await setUp();
  });
  afterAll(async () => {
    const { secure, plain, elsewhere, open, closed } = at;
    await Promise.all([secure.close(), plain.close(), elsewhere.close()]);
    await Promise.all([open.stop(), closed.stop()]);
  });
  const bundleFile = (text: string): string => {
    bundle = join(createTree(), "ca.pem");
    writeFileSync(bundle, text);
    return bundle;
  };

  describe("[ST-195] a certificate of an authority of one's own", () => {
    test("is trusted with AWS_CA_BUNDLE, and with --s3-ca-bundle", async () => {
      const file = bundleFile(at.authority);
      const { secure: server } = at;
      expect(await roundTrip({ server, env: { AWS_CA_BUNDLE: file } })).toMatchObject({ code: 0 });
      expect(await roundTrip({ server, flags: ["--s3-ca-bundle", file] })).toMatchObject({
        code: 0,
      });
    });

    test("is refused without, at once, and the message says what to do", async () => {
      const started = performance.now();
      const { code, stderr } = await roundTrip({ server: at.secure });
      expect(code).toBe(1);
      expect(lines(stderr)).toHaveLength(1);
      expect(stderr).toMatch(/certificate is not trusted: .*--s3-ca-bundle.*AWS_CA_BUNDLE/);
      expect(performance.now() - started).toBeLessThan(3000);
    });

    test("is refused with the bundle of another authority", async () => {
      const other = await makeCertificate(["IP:0.0.0.0"]);
      const env = { AWS_CA_BUNDLE: bundleFile(other.authority) };
      const { code, stderr } = await roundTrip({ server: at.secure, env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/certificate is not trusted: .*--s3-ca-bundle/);
    });

    test("for another host is refused, whatever is trusted", async () => {
      const env = { AWS_CA_BUNDLE: bundleFile(at.elsewhereAuthority) };
      const { code, stderr } = await roundTrip({ server: at.elsewhere, env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/certificate is not trusted: .*(altname|alt name)/i);
      const proxied = await roundTrip({
        server: at.elsewhere,
        env: { ...env, HTTPS_PROXY: at.open.url },
      });
      expect(proxied).toEqual({ ...proxied, code, stderr });
    });

    test("a bundle that holds no certificate is an error that names it", async () => {
      const env = { AWS_CA_BUNDLE: bundleFile("not a certificate\n") };
      const { code, stderr } = await roundTrip({ server: at.secure, env });
      expect(code).toBe(2);
      expect(stderr).toContain(bundle);
    });
  });

  describe("[ST-196] a proxy", () => {
    let seen: { open: number; closed: number };
    const since = (name: "open" | "closed"): readonly string[] =>
      at[name].requests().slice(seen[name]);
    const host = (server: StrictS3): string => `0.0.0.0:${server.port}`;
    afterEach(() => mark());
    const mark = (): void => {
      seen = { open: at.open.requests().length, closed: at.closed.requests().length };
    };
    beforeAll(mark);

    test("of HTTPS_PROXY is asked for a tunnel to an https endpoint, and sees nothing else", async () => {
      const env = { HTTPS_PROXY: at.open.url, AWS_CA_BUNDLE: bundleFile(at.authority) };
      expect(await roundTrip({ server: at.secure, env })).toMatchObject({ code: 0 });
      expect(new Set(since("open"))).toEqual(new Set([`CONNECT ${host(at.secure)}`]));
    });

    test("does not stand between us and the certificate", async () => {
      const env = { HTTPS_PROXY: at.open.url };
      const { code, stderr } = await roundTrip({ server: at.secure, env });
      expect(code).toBe(1);
      expect(stderr).toMatch(/certificate is not trusted: .*AWS_CA_BUNDLE/);
      expect(since("open").length).toBeGreaterThan(0);
    });

    test("of HTTP_PROXY gets the requests to an http endpoint whole", async () => {
      const env = { HTTP_PROXY: at.open.url };
      expect(await roundTrip({ server: at.plain, env })).toMatchObject({ code: 0 });
      expect(since("open")).toContain(`PUT http://${host(at.plain)}/bucket/x/a.txt`);
      expect(since("open").filter((request) => request.startsWith("CONNECT"))).toEqual([]);
    });

    test("is passed by for what NO_PROXY lists", async () => {
      for (const list of ["0.0.0.0", `example.com,${host(at.plain)}`, "*"]) {
        const env = { HTTP_PROXY: at.open.url, NO_PROXY: list };
        expect(await roundTrip({ server: at.plain, env })).toMatchObject({ code: 0 });
      }
      expect(since("open")).toEqual([]);
      const env = { HTTP_PROXY: at.open.url, NO_PROXY: "0.0.0.0:1" };
      expect(await roundTrip({ server: at.plain, env })).toMatchObject({ code: 0 });
      expect(since("open").length).toBeGreaterThan(0);
    });

    test.each(["secure", "plain"] as const)(
      "that wants a login gets it from its URL (%s endpoint)",
      async (name) => {
        const url = withLogin(at.closed, LOGIN);
        const env = { HTTPS_PROXY: url, HTTP_PROXY: url, AWS_CA_BUNDLE: bundleFile(at.authority) };
        expect(await roundTrip({ server: at[name], env })).toMatchObject({ code: 0 });
        expect(since("closed").length).toBeGreaterThan(0);
      },
    );

    test.each(["secure", "plain"] as const)(
      "that refuses the login is an error at once, which says where to write it (%s endpoint)",
      async (name) => {
        const url = withLogin(at.closed, { ...LOGIN, password: "hunter2" });
        const env = { HTTPS_PROXY: url, HTTP_PROXY: url, AWS_CA_BUNDLE: bundleFile(at.authority) };
        const started = performance.now();
        const { code, stderr } = await roundTrip({ server: at[name], env });
        expect(code).toBe(1);
        expect(lines(stderr)).toHaveLength(1);
        // tinyproxy refuses a wrong login with 401, which in plain HTTP could be the store's.
        if (name === "plain") expect(stderr).toMatch(/the store, or the proxy, answered HTTP 401/);
        else expect(stderr).toMatch(/the proxy answered .*http:\/\/user:password@host:port/);
        expect(stderr).not.toContain("hunter2");
        expect(performance.now() - started).toBeLessThan(3000);
      },
    );

    test.each(["secure", "plain"] as const)(
      "that is not there is told of as such (%s endpoint)",
      async (name) => {
        const env = { HTTPS_PROXY: "http://127.0.0.1:9", HTTP_PROXY: "http://127.0.0.1:9" };
        const flags = ["--s3-max-attempts", "2"];
        const { code, stderr } = await roundTrip({ server: at[name], env, flags });
        expect(code).toBe(1);
        expect(stderr).toMatch(/the proxy cannot be reached .*: look at HTTPS_PROXY/);
      },
    );

    test.each(["secure", "plain"] as const)(
      "that gets no login and wants one says so (%s endpoint)",
      async (name) => {
        const env = { HTTPS_PROXY: at.closed.url, HTTP_PROXY: at.closed.url };
        const { code, stderr } = await roundTrip({ server: at[name], env });
        expect(code).toBe(1);
        expect(stderr).toMatch(/the proxy answered HTTP 407: .*http:\/\/user:password@host:port/);
      },
    );

    test("that cannot reach the endpoint is told apart from an endpoint that is down", async () => {
      const gone = await startStrictS3();
      await gone.close();
      const env = { HTTPS_PROXY: at.open.url, AWS_ENDPOINT_URL: `https://${host(gone)}` };
      const flags = ["--s3-max-attempts", "2"];
      const { code, stderr } = await roundTrip({ server: at.secure, env, flags });
      expect(code).toBe(1);
      expect(stderr).toMatch(/the proxy answered HTTP 50\d: it does not reach the endpoint/);
    });

    test("leaves no upload in parts open", () => {
      for (const server of [at.secure, at.plain]) {
        const { CreateMultipartUpload, CompleteMultipartUpload } = server.requests;
        expect(CreateMultipartUpload).toBeGreaterThan(0);
        expect(CompleteMultipartUpload).toBe(CreateMultipartUpload);
      }
    });
  });
}
