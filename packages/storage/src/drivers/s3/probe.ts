/**
 * Finds out what a store really does, by requests that would have to fail. Many stores accept a
 * precondition and ignore it, which a program notices when it has overwritten somebody's work; so
 * a condition counts as honoured only if the wrong one was refused and the right one was not.
 *
 * Some twenty small requests on keys of its own under `.omnisync/`, removed again at the end. Run
 * on the first call that needs to know, never for a program that only reads.
 */
import { randomBytes } from "node:crypto";
import { StorageError, isStorageError, throwIfAborted } from "../../errors.ts";
import { hashBytes } from "../../hashes.ts";
import { RESERVED_NAME, joinPath } from "../../path.ts";
import { keepsVersions } from "./bucket-versioning.ts";
import { multipartEtag } from "./checksums.ts";
import { etagOf } from "./s3-attributes.ts";
import type { S3Request, S3Response } from "./s3-client.ts";
import type { S3Context } from "./s3-context.ts";
import { hidesMd5 } from "./s3-headers.ts";
import { sendAbort, uploadsUnder } from "./s3-open-uploads.ts";
import { encodeKey, encodeQuery } from "./sigv4.ts";
import type { StoreFacts } from "./store-facts.ts";
import { withGrace } from "./until-aborted.ts";
import { bareEtag } from "./list-scanner.ts";
import { childText, encodeXml } from "./xml.ts";
import type { Probed } from "./provider-profile.ts";

/** The MD5 of nothing that a probe ever writes. */
const WRONG_ETAG = "00000000000000000000000000000000";
const COPY_CONDITION = "x-amz-copy-source-if-match";

/** `refused`: the precondition did not hold. `unknown`: the store does not do such a thing. */
type Outcome = "done" | "refused" | "unknown";

export class Probe {
  readonly #context: S3Context;
  readonly #leave: AbortSignal;
  readonly #keys: readonly [string, string, string];
  readonly #uploads = new Set<string>();
  /** How many uploads were begun whose ids did not come. */
  #lost = 0;
  #serial = 0;
  #etag = "";
  #quoting: "quoted" | "unquoted" = "quoted";

  /** @param leave Ends it, but for the clearing up. */
  constructor(context: S3Context, leave: AbortSignal) {
    this.#context = context;
    this.#leave = leave;
    const name = `${RESERVED_NAME}/probe-${randomBytes(8).toString("hex")}`;
    const base = joinPath(context.config.root, name);
    // With a percent sign, which some stores read as an escape where none is meant.
    this.#keys = [`${base}-a%41`, `${base}-b`, `${base}-c`];
  }

  /** The path of an upload that it has open. */
  get left(): string | undefined {
    const isLeft = this.#uploads.size > 0 || this.#lost > 0;
    return isLeft ? this.#context.pathOf(this.#keys[2]) : undefined;
  }

  /** @throws StorageError `permission-denied` if the credentials may not write. */
  async run(): Promise<StoreFacts> {
    const [key, copy] = this.#keys;
    try {
      const etagIsMd5 = await this.#probeEtag(key);
      const create = await this.#probeCreate(key);
      const replace = await this.#probeReplace(key);
      const copySource = await this.#probeCopySource(key, copy);
      const copyTarget = await this.#probeCopyTarget(key, copy);
      const remove = await this.#probeRemove(copy);
      const { complete, partSource, ...parts } = await this.#probeMultipart(key);
      const versions = await keepsVersions(this.#context, this.#leave);
      return {
        conditions: { create, replace, remove, copySource, partSource, complete, copyTarget },
        etagQuoting: this.#quoting,
        etagIsMd5,
        versions,
        ...parts,
      };
    } finally {
      await this.#cleanUp();
    }
  }

  /** Whether the ETag of an object sent in one piece is its MD5; `probe` if that cannot be told here. */
  async etag(): Promise<Probed> {
    try {
      return await this.#probeEtag(this.#keys[0]);
    } catch (error) {
      if (isStorageError(error, "permission-denied")) return "probe";
      throw error;
    } finally {
      await this.#cleanUp();
    }
  }

  async #probeEtag(key: string): Promise<Probed> {
    const body = this.#body();
    const { headers } = await this.#send({ method: "PUT", key, body });
    this.#etag = etagOf(headers) ?? "";
    if (hidesMd5(headers)) return "probe";
    return this.#etag === hashBytes("md5", body);
  }

  async #probeCreate(existing: string): Promise<boolean> {
    const fresh = this.#keys[2];
    if ((await this.#put(existing, ["if-none-match", "*"])) !== "refused") return false;
    return (await this.#put(fresh, ["if-none-match", "*"])) === "done";
  }

  async #probeReplace(key: string): Promise<boolean> {
    for (const quoting of ["quoted", "unquoted"] as const) {
      this.#quoting = quoting;
      if ((await this.#put(key, ["if-match", this.#form(WRONG_ETAG)])) !== "refused") break;
      if ((await this.#put(key, ["if-match", this.#form(this.#etag)])) === "done") return true;
    }
    this.#quoting = "quoted";
    return false;
  }

  async #probeCopySource(key: string, copy: string): Promise<boolean> {
    const wrong = await this.#copy(key, copy, [COPY_CONDITION, this.#form(WRONG_ETAG)]);
    if (wrong !== "refused") return false;
    return (await this.#copy(key, copy, [COPY_CONDITION, this.#form(this.#etag)])) === "done";
  }

  async #probeCopyTarget(key: string, copy: string): Promise<boolean> {
    if ((await this.#copy(key, copy, [])) !== "done") return false;
    if ((await this.#copy(key, copy, ["if-none-match", "*"])) !== "refused") return false;
    const wrong = await this.#copy(key, copy, ["if-match", this.#form(WRONG_ETAG)]);
    if (wrong !== "refused") return false;
    const { headers } = await this.#send({ method: "HEAD", key: copy });
    const etag = etagOf(headers) ?? "";
    return (await this.#copy(key, copy, ["if-match", this.#form(etag)])) === "done";
  }

  async #probeRemove(key: string): Promise<boolean> {
    if ((await this.#put(key, [])) !== "done") return false;
    const { headers } = await this.#send({ method: "HEAD", key });
    const remove = (etag: string): Promise<Outcome> =>
      this.#try({ method: "DELETE", key, headers: ["if-match", this.#form(etag)] });
    const etag = etagOf(headers) ?? "";
    if ((await remove(WRONG_ETAG)) !== "refused") return false;
    // A second time: what is missing has no etag, so it must be refused again.
    return (await remove(etag)) === "done" && (await remove(etag)) === "refused";
  }

  async #probeMultipart(source: string): Promise<PartFacts & PartConditions> {
    const key = this.#keys[2];
    await this.#put(key, []);
    let upload;
    try {
      upload = await this.#startUpload(key);
    } catch (error) {
      if (!isStorageError(error, "unsupported", "invalid-argument", "not-found")) throw error;
      // A store that takes no uploads in parts at all.
      const none = { copyPart: false, multipartEtagIsMd5: false, complete: false } as const;
      return { ...none, partSource: false, partSourceDecoding: "once" };
    }
    const copiesPart = (from: string, etag?: string): Promise<Outcome> =>
      this.#try({
        method: "PUT",
        key,
        query: encodeQuery(["partNumber", "2", "uploadId", upload.id]),
        headers: [
          ...["x-amz-copy-source", from],
          ...(etag === undefined ? [] : [COPY_CONDITION, this.#form(etag)]),
          ...this.#context.headers.copySource,
        ],
      });
    const once = (await copiesPart(this.#source(source))) === "done";
    const twice = !once && (await copiesPart(this.#source(encodeKey(source)))) === "done";
    const place = this.#source(twice ? encodeKey(source) : source);
    const partSource =
      (once || twice) &&
      (await copiesPart(place, WRONG_ETAG)) === "refused" &&
      (await copiesPart(place, this.#etag)) === "done";
    const first = await this.#complete(key, upload, ["if-none-match", "*"]);
    const complete =
      first === "refused" &&
      (await this.#completeNew(key, ["if-match", this.#form(WRONG_ETAG)])) === "refused" &&
      (await this.#completeNew(key, ["if-match", this.#form(await this.#etagAt(key))])) === "done";
    if (first !== "done" && !complete) await this.#completeNew(key, []);
    return {
      complete,
      partSource,
      copyPart: once || twice,
      partSourceDecoding: twice ? "twice" : "once",
      multipartEtagIsMd5: (await this.#etagAt(key)) === multipartEtag([upload.md5]),
    };
  }

  async #startUpload(key: string): Promise<{ id: string; etag: string; md5: string }> {
    throwIfAborted(this.#leave);
    this.#lost++;
    const root = await withGrace(this.#leave, (signal) =>
      this.#context.client.document({
        ...this.#request({ method: "POST", key, query: "uploads=" }),
        headers: this.#context.headers.create,
        signal,
      }),
    );
    const id = childText(root, "UploadId") ?? "";
    this.#lost--;
    this.#uploads.add(id);
    const body = Buffer.from("omnisync");
    const { headers } = await this.#send({
      method: "PUT",
      key,
      body,
      query: encodeQuery(["partNumber", "1", "uploadId", id]),
    });
    return { id, etag: etagOf(headers) ?? "", md5: hashBytes("md5", body) };
  }

  async #completeNew(key: string, headers: readonly string[]): Promise<Outcome> {
    return this.#complete(key, await this.#startUpload(key), headers);
  }

  async #complete(
    key: string,
    upload: { id: string; etag: string },
    headers: readonly string[],
  ): Promise<Outcome> {
    const etag = encodeXml(`"${upload.etag}"`);
    const part = `<Part><PartNumber>1</PartNumber><ETag>${etag}</ETag></Part>`;
    const body = Buffer.from(`<CompleteMultipartUpload>${part}</CompleteMultipartUpload>`);
    const query = encodeQuery(["uploadId", upload.id]);
    const outcome = await this.#try({ method: "POST", key, query, headers, body });
    if (outcome === "done") this.#uploads.delete(upload.id);
    return outcome;
  }

  async #put(key: string, headers: readonly string[]): Promise<Outcome> {
    return this.#try({ method: "PUT", key, headers, body: this.#body() });
  }

  #copy(from: string, to: string, headers: readonly string[]): Promise<Outcome> {
    const source = ["x-amz-copy-source", this.#source(from), ...this.#context.headers.copySource];
    return this.#try({ method: "PUT", key: to, headers: [...source, ...headers] });
  }

  async #etagAt(key: string): Promise<string> {
    return etagOf((await this.#send({ method: "HEAD", key })).headers) ?? "";
  }

  /** How a request ended that says whether the store knows what was asked of it. */
  async #try(request: ProbeRequest): Promise<Outcome> {
    try {
      const { headers, body } = await this.#send(request);
      if (request.method === "PUT" && request.key === this.#keys[0]) {
        this.#etag = etagOf(headers) ?? this.#etag;
      }
      // An error in an answer of 200: copies and Complete.
      const text = body.toString("utf8");
      if (!text.includes("<Error")) return "done";
      return text.includes("PreconditionFailed") ? "refused" : "unknown";
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (error.code === "precondition-failed") return "refused";
      if (error.code === "not-found") return request.method === "DELETE" ? "refused" : "unknown";
      if (error.code === "unsupported" || error.code === "invalid-argument") return "unknown";
      throw error;
    }
  }

  #send(request: ProbeRequest): Promise<S3Response> {
    return this.#context.client.send({ ...this.#request(request), signal: this.#leave });
  }

  #request(request: ProbeRequest): S3Request {
    const { plain, create, read } = this.#context.headers;
    const { method, query, body, headers = [] } = request;
    const isPart = query?.startsWith("partNumber") ?? false;
    const fixed = method === "PUT" && !isPart ? create : method === "HEAD" || isPart ? read : plain;
    const own = method === "PUT" && !isPart ? ["content-type", "application/octet-stream"] : [];
    return {
      ...request,
      operation: "probe",
      path: undefined,
      headers: [...fixed, ...own, ...headers],
      ...(body === undefined ? {} : { payloadHash: hashBytes("sha256", body) }),
    };
  }

  #body(): Buffer {
    return Buffer.from(`omnisync probe ${++this.#serial}\n`);
  }

  #source(key: string): string {
    return `/${encodeKey(this.#context.config.bucket)}/${encodeKey(key)}`;
  }

  #form(etag: string): string {
    return this.#quoting === "quoted" ? `"${bareEtag(etag)}"` : etag;
  }

  /** Also when the driver is being left: `close` gives it the time. */
  async #cleanUp(): Promise<void> {
    const { client } = this.#context;
    const removals = this.#keys.map((key) => client.send(this.#request({ method: "DELETE", key })));
    const aborts = [...this.#uploads].map((id) => this.#abort(id));
    // What the probe found is right all the same; what it left lies under `.omnisync/`, for the janitor.
    await Promise.allSettled([...removals, ...aborts, this.#abortLost()]);
  }

  async #abort(id: string): Promise<void> {
    await sendAbort(this.#context, { path: this.#context.pathOf(this.#keys[2]), id }, undefined);
    this.#uploads.delete(id);
  }

  /** Nobody else has uploads of this key. */
  async #abortLost(): Promise<void> {
    if (this.#lost === 0) return;
    const path = this.#context.pathOf(this.#keys[2]);
    for await (const page of uploadsUnder(this.#context, path, undefined)) {
      for (const { id } of page) await this.#abort(id);
    }
    this.#lost = 0;
  }
}

type PartFacts = Pick<StoreFacts, "copyPart" | "partSourceDecoding" | "multipartEtagIsMd5">;

interface PartConditions {
  readonly complete: boolean;
  readonly partSource: boolean;
}

interface ProbeRequest {
  readonly method: S3Request["method"];
  readonly key: string;
  readonly query?: string;
  readonly headers?: readonly string[];
  readonly body?: Buffer;
}
