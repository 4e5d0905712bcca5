import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

export interface TestCertificate {
  /** Of the authority that nobody trusts yet, PEM. */
  readonly authority: string;
  readonly cert: string;
  readonly key: string;
}

/**
 * An authority of its own, and a certificate by it, good for a day. Needs openssl.
 * @param names Such as `IP:127.0.0.1` or `DNS:localhost`.
 */
export async function makeCertificate(names: readonly string[]): Promise<TestCertificate> {
  const folder = await mkdtemp(join(tmpdir(), "omnisync-tls-"));
  const openssl = async (...args: readonly string[]): Promise<void> => {
    await promisify(execFile)("openssl", args, { cwd: folder });
  };
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  try {
    await openssl(
      ...["req", "-x509", "-days", "1", "-subj", "/CN=omnisync test authority"],
      ...[...newKey, "-keyout", "ca.key", "-out", "ca.pem"],
    );
    await openssl("req", "-subj", "/CN=server", ...newKey, "-keyout", "key.pem", "-out", "csr.pem");
    await writeFile(join(folder, "names"), `subjectAltName=${names.join(",")}\n`);
    await openssl(
      ...["x509", "-req", "-days", "1", "-in", "csr.pem", "-out", "cert.pem"],
      ...["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-extfile", "names"],
    );
    const read = (name: string): Promise<string> => readFile(join(folder, name), "utf8");
    return {
      authority: await read("ca.pem"),
      cert: await read("cert.pem"),
      key: await read("key.pem"),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
