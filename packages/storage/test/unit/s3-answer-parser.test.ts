/** Answers as bytes, cut anywhere. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { AnswerParser } from "../../src/drivers/s3/answer-parser.ts";

interface Parsed {
  readonly status?: number;
  readonly headers?: unknown;
  readonly body?: string;
  readonly keepAlive?: number;
  readonly error?: string;
}

/** Feeds the pieces, then the end of the connection if there is no answer yet. */
function parse(pieces: readonly string[], method = "GET"): Parsed {
  const parser = new AnswerParser();
  parser.begin(method);
  try {
    for (const [i, piece] of pieces.entries()) {
      const answer = parser.feed(Buffer.from(piece, "latin1"));
      if (answer === undefined) continue;
      // What comes in a piece of its own comes to an idle connection, which is then closed.
      const left = pieces.slice(i + 1).join("");
      return {
        ...answer,
        body: answer.body.toString("latin1"),
        keepAlive: left === "" ? parser.keepAlive : 0,
      };
    }
    const answer = parser.end();
    return { ...answer, body: answer.body.toString("latin1"), keepAlive: parser.keepAlive };
  } catch (error) {
    return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
  }
}

const lines = (...all: readonly string[]): string => all.join("\r\n");
const BAD = { error: "HPE_BAD_ANSWER" };
const CUT = { error: "ECONNRESET" };

const ANSWERS: Readonly<Record<string, readonly [text: string, parsed: Parsed, method?: string]>> =
  {
    "a length": [
      lines("HTTP/1.1 200 OK", "Content-Length: 3", 'ETag:  "a" ', "", "abc"),
      {
        status: 200,
        headers: { "content-length": "3", etag: '"a"' },
        body: "abc",
        keepAlive: 15_000,
      },
    ],
    "no reason, no body": [
      lines("HTTP/1.1 204", "", ""),
      { status: 204, headers: {}, body: "", keepAlive: 15_000 },
    ],
    "304 with the length that 200 would have": [
      lines("HTTP/1.1 304 Not Modified", "content-length: 5", "", ""),
      { status: 304, headers: { "content-length": "5" }, body: "", keepAlive: 15_000 },
    ],
    HEAD: [
      lines("HTTP/1.1 200 OK", "content-length: 5", "", ""),
      { status: 200, headers: { "content-length": "5" }, body: "", keepAlive: 15_000 },
      "HEAD",
    ],
    "chunks, an extension, trailers": [
      lines(
        ...["HTTP/1.1 200 OK", "Transfer-Encoding: Chunked", ""],
        ...["3", "abc", '00A;x="y"', "0123456789", "0", "x-trailer: 1", "", ""],
      ),
      {
        status: 200,
        headers: { "transfer-encoding": "Chunked" },
        body: "abc0123456789",
        keepAlive: 15_000,
      },
    ],
    "until the end": [
      lines("HTTP/1.1 500 Oh", "", "all of it"),
      { status: 500, headers: {}, body: "all of it", keepAlive: 0 },
    ],
    "answers before the answer": [
      lines(
        "HTTP/1.1 100 Continue",
        "",
        "HTTP/1.1 103 Early",
        "link: x",
        "",
        "HTTP/1.1 200 OK",
        "content-length: 0",
        "",
        "",
      ),
      { status: 200, headers: { "content-length": "0" }, body: "", keepAlive: 15_000 },
    ],
    "repeated headers, Latin-1": [
      lines(
        "HTTP/1.1 200 OK",
        "x-a: 1",
        "X-A: 2",
        "x-a:\t3",
        "x-b: \xc3\xa0",
        "content-length: 0",
        "",
        "",
      ),
      {
        status: 200,
        headers: { "x-a": ["1", "2", "3"], "x-b": "\xc3\xa0", "content-length": "0" },
        body: "",
        keepAlive: 15_000,
      },
    ],
    "HTTP/1.0": [
      lines("HTTP/1.0 200 OK", "content-length: 1", "", "x"),
      { status: 200, headers: { "content-length": "1" }, body: "x", keepAlive: 0 },
    ],
    "HTTP/1.0, kept": [
      lines("HTTP/1.0 200 OK", "connection: Keep-Alive", "content-length: 1", "", "x"),
      {
        status: 200,
        headers: { connection: "Keep-Alive", "content-length": "1" },
        body: "x",
        keepAlive: 15_000,
      },
    ],
    "to be closed": [
      lines("HTTP/1.1 200 OK", "connection: x, Close", "content-length: 1", "", "x"),
      {
        status: 200,
        headers: { connection: "x, Close", "content-length": "1" },
        body: "x",
        keepAlive: 0,
      },
    ],
    "kept for a while": [
      lines("HTTP/1.1 200 OK", "keep-alive: timeout=5, max=9", "content-length: 0", "", ""),
      {
        status: 200,
        headers: { "keep-alive": "timeout=5, max=9", "content-length": "0" },
        body: "",
        keepAlive: 4000,
      },
    ],
    "names that every object has": [
      lines(
        "HTTP/1.1 200 OK",
        "__proto__: x",
        "constructor: y",
        "constructor: z",
        "content-length: 0",
        "",
        "",
      ),
      { status: 200, headers: { "content-length": "0" }, body: "", keepAlive: 15_000 },
    ],
    "cut in its headers": [lines("HTTP/1.1 200 OK", "content-length: 3", ""), CUT],
    "cut in its body": [lines("HTTP/1.1 200 OK", "content-length: 3", "", "ab"), CUT],
    "cut in a chunk": [lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "3", "ab"), CUT],
    "cut before its trailers": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "0", ""),
      CUT,
    ],
    nothing: ["", CUT],
    "two lengths": [
      lines("HTTP/1.1 200 OK", "content-length: 3", "content-length: 4", "", "abc"),
      BAD,
    ],
    "a length and chunks": [
      lines("HTTP/1.1 200 OK", "content-length: 3", "transfer-encoding: chunked", "", "0", "", ""),
      BAD,
    ],
    "a length that is none": [lines("HTTP/1.1 200 OK", "content-length: +3", "", "abc"), BAD],
    "another coding": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: gzip, chunked", "", "0", "", ""),
      BAD,
    ],
    "chunks of HTTP/1.0": [
      lines("HTTP/1.0 200 OK", "transfer-encoding: chunked", "", "0", "", ""),
      BAD,
    ],
    "a chunk without size": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "x", ""),
      BAD,
    ],
    "a chunk that is too long": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "1", "ab", ""),
      BAD,
    ],
    "a trailer that is none": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "0", "x", "", ""),
      BAD,
    ],
    "a folded header": [lines("HTTP/1.1 200 OK", "x-a: 1", " 2", "content-length: 0", "", ""), BAD],
    "a blank before the colon": [
      lines("HTTP/1.1 200 OK", "x-a : 1", "content-length: 0", "", ""),
      BAD,
    ],
    "a NUL": [lines("HTTP/1.1 200 OK", "x-a: \0", "content-length: 0", "", ""), BAD],
    "a bare CR": [lines("HTTP/1.1 200 OK", "x-a: \rx-b: 1", "content-length: 0", "", ""), BAD],
    "lines of LF": ["HTTP/1.1 200 OK\ncontent-length: 0\n\n", BAD],
    "another version": [lines("HTTP/2.0 200 OK", "content-length: 0", "", ""), BAD],
    "another protocol": [lines("HTTP/1.1 101 Switching", "upgrade: x", "", ""), BAD],
    "no HTTP": ["SSH-2.0-OpenSSH_9.2\r\n", BAD],
    "headers without end": [
      `HTTP/1.1 200 OK\r\nx: ${"y".repeat(40_000)}`,
      { error: "UND_ERR_HEADERS_OVERFLOW" },
    ],
    "an extension without end": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", `1;${"y".repeat(20_000)}`),
      BAD,
    ],
    "a length beyond all answers": [
      lines("HTTP/1.1 200 OK", "content-length: 99999999", "", ""),
      { error: "UND_ERR_RES_EXCEEDED_MAX_SIZE" },
    ],
    "a chunk beyond all answers": [
      lines("HTTP/1.1 200 OK", "transfer-encoding: chunked", "", "fffffff", ""),
      { error: "UND_ERR_RES_EXCEEDED_MAX_SIZE" },
    ],
  };

test.for(Object.entries(ANSWERS))(
  "%s: the same whole and byte by byte",
  ([, [text, parsed, method]]) => {
    expect(parse([text], method)).toEqual(parsed);
    expect(parse(text.split(""), method)).toEqual(parsed);
  },
);

test("what follows an answer in the same piece is an error; after a HEAD it costs the connection", () => {
  const answer = lines("HTTP/1.1 200 OK", "content-length: 1", "", "xy");
  expect(parse([answer])).toEqual(BAD);
  expect(parse([answer], "HEAD")).toMatchObject({ status: 200, body: "", keepAlive: 0 });
});

test("one parser reads one answer after the other", () => {
  const parser = new AnswerParser();
  for (const [text, parsed, method = "GET"] of Object.values(ANSWERS)) {
    parser.begin(method);
    try {
      const answer = parser.feed(Buffer.from(text, "latin1")) ?? parser.end();
      expect({ ...answer, body: answer.body.toString("latin1") }).toMatchObject({
        status: parsed.status,
      });
    } catch (error) {
      if (parsed.error === undefined) throw error;
    }
  }
});

/** The text in pieces that end at the given places. */
function cut(text: string, places: readonly number[]): string[] {
  const ends = [...new Set(places.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [...ends, text.length].map((end, i) => text.slice(ends[i - 1] ?? 0, end));
}

test("however an answer is cut, it is the same", () => {
  const known = fc.constantFrom(...Object.values(ANSWERS));
  fc.assert(
    fc.property(known, fc.array(fc.nat(), { maxLength: 12 }), ([text, parsed, method], places) => {
      expect(parse(cut(text, places), method)).toEqual(parsed);
    }),
  );
});

test("bodies come back as they were, by length and in chunks", () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 8 }),
      fc.array(fc.nat(), { maxLength: 12 }),
      (chunks, places) => {
        const texts = chunks.map((chunk) => Buffer.from(chunk).toString("latin1"));
        const body = texts.join("");
        const whole = lines("HTTP/1.1 200 OK", `content-length: ${body.length}`, "", body);
        expect(parse(cut(whole, places))).toMatchObject({ body });
        const framed = texts
          .filter((text) => text !== "")
          .map((text) => lines(text.length.toString(16), text, ""));
        const chunked = lines(
          "HTTP/1.1 200 OK",
          "transfer-encoding: chunked",
          "",
          `${framed.join("")}0`,
          "",
          "",
        );
        expect(parse(cut(chunked, places))).toMatchObject({ body });
      },
    ),
  );
});

test("whatever comes is an answer or an error in the end", () => {
  const word = fc.constantFrom(
    ...["HTTP/1.1 200 OK", "HTTP/1.0 404", "\r\n", "\n", "\r", ":", " ", "content-length: 4", "5"],
    ...[
      "transfer-encoding: chunked",
      "connection: close",
      "0",
      "\0",
      "abcd",
      ";",
      "HTTP/1.1 100 C\r\n\r\n",
    ],
  );
  const text = fc.oneof(
    fc.array(word).map((words) => words.join("")),
    fc.string(),
  );
  fc.assert(
    fc.property(text, fc.array(fc.nat(), { maxLength: 6 }), (garbage, places) => {
      const { status, error } = parse(cut(garbage, places));
      expect(status ?? error).toBeDefined();
    }),
  );
});

test("an answer that is too long is refused while it comes", () => {
  const parser = new AnswerParser();
  parser.begin("GET");
  parser.feed(Buffer.from("HTTP/1.1 200 OK\r\n\r\n"));
  const piece = Buffer.alloc(1024 * 1024);
  expect(() => {
    for (let i = 0; i < 70; i++) parser.feed(piece);
  }).toThrow(expect.objectContaining({ code: "UND_ERR_RES_EXCEEDED_MAX_SIZE" }));
});
