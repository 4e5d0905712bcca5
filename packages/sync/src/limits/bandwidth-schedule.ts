/** Bandwidth by the time of the week. */
import { StorageError, parseSize } from "@omnisync/storage";

export interface BandwidthChange {
  /** Minutes since Monday 00:00, local time. */
  readonly minute: number;
  /** From then on; `undefined`: no limit. */
  readonly bytesPerSecond: number | undefined;
}

/** In the order of their minutes; before the first of a week the last one of the week before holds. */
export interface BandwidthSchedule {
  readonly changes: readonly BandwidthChange[];
}

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
const DAY = 24 * 60;
const CHANGE = /^(?:(?<day>[a-z]{3,9})-)?(?<hour>\d{1,2}):(?<minute>\d\d),(?<rate>\S+)$/i;

/**
 * A rate, or a timetable as rclone writes them: `"512K"`, `"08:00,512K 12:00,10M 23:00,off"`,
 * `"Mon-08:00,1M Sat-00:00,off"`. A number without a unit counts KiB; `off` and 0 are no limit,
 * which alone give `undefined`. A change without a day is made every day.
 * @throws StorageError `invalid-argument` that names what is wrong.
 */
export function parseBandwidthSchedule(text: string): number | BandwidthSchedule | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 1 && !words[0]!.includes(",")) return parseRate(words[0]!);
  const byMinute = new Map<number, BandwidthChange>();
  for (const change of words.flatMap(parseChange)) {
    if (byMinute.has(change.minute)) throw invalid(text, "has two rates for one time");
    byMinute.set(change.minute, change);
  }
  return { changes: [...byMinute.values()].sort((a, b) => a.minute - b.minute) };
}

/** The rate of a moment: that of the last change before it. `Infinity`: no limit. */
export function rateAt({ changes }: BandwidthSchedule, now: Date): number {
  const minute = ((now.getDay() + 6) % 7) * DAY + now.getHours() * 60 + now.getMinutes();
  const current = changes.findLast((change) => change.minute <= minute) ?? changes.at(-1);
  return current?.bytesPerSecond ?? Infinity;
}

/** One change, or that of each day of the week. */
function parseChange(word: string): readonly BandwidthChange[] {
  const groups = CHANGE.exec(word)?.groups;
  if (groups === undefined) throw invalid(word, "is no time with a rate, write Mon-08:00,512K");
  const { day, hour, minute, rate } = groups;
  if (Number(hour) > 23 || Number(minute) > 59)
    throw invalid(word, "has a time that no clock shows");
  const bytesPerSecond = parseRate(rate!);
  const ofDay = Number(hour) * 60 + Number(minute);
  const days = day === undefined ? DAYS.keys() : [dayNumber(day, word)];
  return Array.from(days, (number) => ({ minute: number * DAY + ofDay, bytesPerSecond }));
}

/** Whole names and their first three letters. */
function dayNumber(name: string, word: string): number {
  const short = name.slice(0, 3).toLowerCase();
  const number = DAYS.findIndex((day) => day === short);
  const isName = name.length === 3 || /^(mon|tues|wednes|thurs|fri|satur|sun)day$/i.test(name);
  if (number >= 0 && isName) return number;
  throw invalid(word, "has a day that is none, write Mon, Tue, Wed, Thu, Fri, Sat or Sun");
}

function parseRate(text: string): number | undefined {
  if (text.toLowerCase() === "off") return undefined;
  if (text.includes(":"))
    throw invalid(text, "has a rate for each direction; there is one for both");
  const plain = text.replace(/\/s$/, "");
  try {
    return parseSize(/^[\d.]+$/.test(plain) ? `${plain}K` : plain) || undefined;
  } catch {
    throw invalid(text, "is not a rate, write 512B, 100K or 5M (per second), or off");
  }
}

function invalid(text: string, problem: string): StorageError {
  return new StorageError("invalid-argument", { message: `"${text}" ${problem}` });
}
