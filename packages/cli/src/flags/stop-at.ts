/**
 * `--stop-at`, as rsync takes it: `2026-12-31T23:59`, with `/` for `-`, and what is left out from the left
 * is what comes next: `12-31`, `23:59`, `:30`. Local time.
 */
import { UsageError } from "../usage-error.ts";

const FORM =
  /^(?:(?:(?<year>\d{4}|\d{2})[-/])?(?<month>\d{1,2})[-/](?<day>\d{1,2})(?:[tT]|$))?(?:(?<hour>\d{1,2})?:(?<minute>\d{1,2}))?$/;

/** @returns milliseconds since 1970. @throws UsageError for what is no time, or has passed. */
export function parseStopAt(flag: string, text: string, now: Date): number {
  const parts = FORM.exec(text)?.groups;
  if (parts === undefined || text === "") {
    throw new UsageError(`${flag}: "${text}" is not a time, write 2026-12-31T23:59`);
  }
  const at = moment(parts, now);
  if (at <= now) throw new UsageError(`${flag}: "${text}" is not in the future`);
  return at.getTime();
}

function moment(parts: Readonly<Record<string, string | undefined>>, now: Date): Date {
  const { year, month, day, hour, minute } = parts;
  const at = new Date(now);
  const atHour = hour ?? (minute === undefined ? 0 : now.getHours());
  at.setHours(Number(atHour), Number(minute ?? 0), 0, 0);
  if (day !== undefined) {
    const atYear = year === undefined ? now.getFullYear() : Number(year.padStart(4, "20"));
    at.setFullYear(atYear, Number(month) - 1, Number(day));
  }
  if (at > now || year !== undefined) return at;
  if (day !== undefined) at.setFullYear(at.getFullYear() + 1);
  else if (hour !== undefined) at.setDate(at.getDate() + 1);
  else at.setHours(at.getHours() + 1);
  return at;
}
