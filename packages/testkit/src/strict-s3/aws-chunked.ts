/**
 * Decodes `aws-chunked` bodies without signatures (STREAMING-UNSIGNED-PAYLOAD-TRAILER): chunks of
 * `<hex size>\r\n<bytes>\r\n`, an empty one, then trailers. As at AWS, framing that is not exact is
 * `IncompleteBody`, a bad trailer `MalformedTrailerError`, and only the last chunk may be small.
 */
import { S3Error } from "./s3-error.ts";

const leastChunk = 8192;
const longestLine = 1024;

export class ChunkedDecoder {
  readonly trailers: Map<string, string> = new Map();
  #state: "size" | "data" | "data-end" | "trailer" | "done" = "size";
  #line = "";
  #left = 0;
  #lastSize = Number.POSITIVE_INFINITY;

  /** Takes what arrived, gives back the pieces of payload in it. */
  *decode(bytes: Uint8Array): Generator<Uint8Array> {
    let index = 0;
    while (index < bytes.byteLength) {
      if (this.#state === "done") throw new S3Error("IncompleteBody");
      if (this.#state === "data") {
        const piece = bytes.subarray(index, index + this.#left);
        index += piece.byteLength;
        this.#left -= piece.byteLength;
        if (this.#left === 0) this.#state = "data-end";
        yield piece;
      } else {
        this.#line += String.fromCharCode(bytes[index++] as number);
        if (this.#line.length > longestLine) throw new S3Error("IncompleteBody");
        if (this.#line.endsWith("\n")) this.#endLine();
      }
    }
  }

  end(): void {
    if (this.#state !== "done") throw new S3Error("IncompleteBody");
  }

  #endLine(): void {
    if (!this.#line.endsWith("\r\n")) throw new S3Error("IncompleteBody");
    const line = this.#line.slice(0, -2);
    this.#line = "";
    if (this.#state === "size") this.#beginChunk(line);
    else if (this.#state === "trailer") this.#takeTrailer(line);
    else if (line !== "") throw new S3Error("IncompleteBody");
    else this.#state = "size";
  }

  #beginChunk(line: string): void {
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new S3Error("IncompleteBody");
    const size = Number.parseInt(line, 16);
    if (size > 0 && this.#lastSize < leastChunk) throw new S3Error("InvalidChunkSizeError");
    this.#lastSize = size;
    this.#left = size;
    this.#state = size === 0 ? "trailer" : "data";
  }

  #takeTrailer(line: string): void {
    if (line === "") {
      this.#state = "done";
      return;
    }
    const match = /^([A-Za-z0-9-]+):(.+)$/.exec(line);
    if (match === null) throw new S3Error("MalformedTrailerError");
    this.trailers.set((match[1] as string).toLowerCase(), (match[2] as string).trim());
  }
}
