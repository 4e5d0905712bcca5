import type { Progress } from "@omnisync/sync";
import { describe, expect, test } from "vitest";
import type { Io } from "../../src/io.ts";
import { ProgressDisplay } from "../../src/output/progress-display.ts";
import { RateMeter, progressLines, progressText } from "../../src/output/progress-lines.ts";
import { Session } from "../../src/session.ts";

const MIB = 1024 ** 2;
const PROGRESS: Progress = {
  listed: true,
  filesTotal: 10,
  filesDone: 4,
  bytesTotal: 100 * MIB,
  bytesDone: 25 * MIB,
  bytesResumed: 0,
  bytesMatched: 0,
  checked: 4,
  failed: 0,
  elapsed: 5000,
  active: [
    { path: "a/big.bin", size: 50 * MIB, done: 10 * MIB },
    { path: "empty", size: 0, done: 0 },
  ],
};

describe("progressLines", () => {
  test("shows bar, bytes, rate, time left, files and current transfers", () => {
    expect(progressLines(PROGRESS, 5 * MIB, 120)).toEqual([
      "[======>                 ]  25% 25.0 MiB of 100 MiB, 5.00 MiB/s, eta 15.0s, 4 of 10 files",
      "   20% 50.0 MiB  a/big.bin",
      "  100%      0 B  empty",
    ]);
  });

  test("says what earlier runs had done", () => {
    const [head] = progressLines({ ...PROGRESS, bytesResumed: 5 * MIB }, MIB, 120);
    expect(head).toContain("25.0 MiB of 100 MiB, 5.00 MiB of it from earlier runs, 1.00 MiB/s");
  });

  test("says what was there and is not sent", () => {
    const [head] = progressLines({ ...PROGRESS, bytesMatched: 20 * MIB }, MIB, 120);
    expect(head).toContain("25.0 MiB of 100 MiB, 20.0 MiB of it was there, 1.00 MiB/s");
  });

  test("says that totals are not final while listing goes on, and gives no time left", () => {
    const [head] = progressLines({ ...PROGRESS, listed: false, failed: 2 }, MIB, 120);
    expect(head).toContain("25.0 MiB of 100 MiB+, 1.00 MiB/s, listing, 4 of 10+ files, 2 failed");
  });

  test("on a narrow terminal the bar gives way to the numbers", () => {
    const progress = { ...PROGRESS, failed: 2, active: [] };
    const numbers = "25.0 MiB of 100 MiB, 1.00 MiB/s, eta 1m15s, 4 of 10 files, 2 failed";
    expect(progressLines(progress, MIB, 84)).toEqual([`[==>     ]  25% ${numbers}`]);
    expect(progressLines(progress, MIB, 80)).toEqual([`[=>  ]  25% ${numbers}`]);
    expect(progressLines(progress, MIB, 74)).toEqual([` 25% ${numbers}`]);
  });

  test("shows a few transfers and how many more", () => {
    const active = Array.from({ length: 9 }, (_, i) => ({ path: `f${i}`, size: 10, done: 5 }));
    const shown = progressLines({ ...PROGRESS, active }, 1, 120);
    expect(shown).toHaveLength(6);
    expect(shown.at(-1)).toBe("       and 5 more");
  });

  test("never reaches the last column, whatever the names", () => {
    const active = [
      "x".repeat(500),
      "漢字".repeat(100),
      "e\u0301".repeat(100),
      "👩‍👩‍👧‍👦".repeat(50),
      "\u001b[2J\n",
    ].map((path) => ({ path, size: 1, done: 0 }));
    for (const width of [1, 2, 20, 80]) {
      for (const line of progressLines({ ...PROGRESS, active: active.slice(0, 4) }, 1, width)) {
        const columns = Array.from(line, (c) =>
          c.codePointAt(0)! >= 0x1100 ? 2 : 1,
        ).reduce<number>((sum, width) => sum + width, 0);
        expect(columns).toBeLessThan(Math.max(width, 1));
      }
    }
    expect(progressLines({ ...PROGRESS, active: active.slice(4) }, 1, 80)[1]).toMatch(
      /\\u001b\[2J\\n$/,
    );
  });

  test("is empty at the start and full at the end", () => {
    const none = {
      ...PROGRESS,
      filesTotal: 0,
      filesDone: 0,
      bytesTotal: 0,
      bytesDone: 0,
      active: [],
    };
    expect(progressLines(none, 0, 120)[0]).toMatch(/^\[> {23}\] {3}0%/);
    const all = { ...PROGRESS, bytesDone: 100 * MIB, filesDone: 10, active: [] };
    expect(progressLines(all, 0, 120)[0]).toMatch(/^\[={24}\] 100%/);
    const emptyFiles = { ...none, filesTotal: 4, filesDone: 1 };
    expect(progressLines(emptyFiles, 0, 120)[0]).toMatch(/ 25%/);
  });

  test("in one line for logs", () => {
    expect(progressText(PROGRESS, 5 * MIB)).toBe(
      "25.0 MiB of 100 MiB, 5.00 MiB/s, eta 15.0s, 4 of 10 files",
    );
  });
});

describe("RateMeter", () => {
  test("follows a steady rate, and does not jump with a burst", () => {
    const meter = new RateMeter();
    for (let second = 1; second <= 20; second++) meter.update(second * 100, second * 1000);
    expect(meter.update(2100, 21_000)).toBeCloseTo(100);
    const burst = meter.update(2100 + 1000, 21_100);
    expect(burst).toBeGreaterThan(100);
    expect(burst).toBeLessThan(400);
  });

  test("is 0 before anything happened, and ignores a clock that stands still", () => {
    const meter = new RateMeter();
    expect(meter.update(0, 0)).toBe(0);
    meter.update(100, 1000);
    expect(meter.update(500, 1000)).toBe(100);
  });
});

describe("ProgressDisplay", () => {
  function sessionOn(isTTY: boolean, written: string[], env = {}): Session {
    const stream = {
      isTTY,
      columns: 60,
      write: (text: string | Uint8Array) => (written.push(String(text)), true),
    };
    const io: Io = {
      stdout: stream,
      stderr: stream,
      env,
      cwd: "/",
      signal: new AbortController().signal,
    };
    return new Session(io);
  }
  const wait = (milliseconds: number): Promise<void> =>
    new Promise((done) => setTimeout(done, milliseconds));

  test("redraws in place at most ten times a second, makes room for lines, and leaves nothing", async () => {
    const written: string[] = [];
    const session = sessionOn(true, written);
    const display = ProgressDisplay.start(session, () => PROGRESS, {});
    await wait(350);
    expect(written.length).toBeGreaterThanOrEqual(2);
    expect(written.length).toBeLessThanOrEqual(4);
    expect(written[1]?.startsWith("\r\u001b[2A\u001b[J")).toBe(true);
    session.note("a line");
    expect(written.at(-2)).toBe("\r\u001b[2A\u001b[J");
    expect(written.at(-1)).toBe("a line\n");
    await wait(150);
    display?.stop();
    expect(written.at(-1)).toBe("\r\u001b[2A\u001b[J");
    const count = written.length;
    await wait(150);
    expect(written).toHaveLength(count);
  });

  test("waits for the first second unless it was asked for", async () => {
    const written: string[] = [];
    const young = { ...PROGRESS, elapsed: 200 };
    const display = ProgressDisplay.start(sessionOn(true, written), () => young, {});
    await wait(250);
    display?.stop();
    expect(written).toEqual([]);
    const asked = ProgressDisplay.start(sessionOn(true, written), () => young, { progress: true });
    await wait(250);
    asked?.stop();
    expect(written.length).toBeGreaterThan(0);
  });

  test("is off where there is no terminal, and with --quiet, --json and --no-progress", () => {
    const look = (): Progress => PROGRESS;
    expect(ProgressDisplay.start(sessionOn(false, []), look, {})).toBeUndefined();
    for (const flags of [{ quiet: true }, { json: true }, { progress: false }]) {
      expect(ProgressDisplay.start(sessionOn(true, []), look, flags)).toBeUndefined();
    }
    expect(ProgressDisplay.start(sessionOn(true, [], { TERM: "dumb" }), look, {})).toBeUndefined();
  });
});
