/** What a plan is about, for people. Pure. */
import { formatSize } from "@omnisync/storage";
import type { Cost, PlanHeader, RequestCounts } from "@omnisync/sync";
import { plural, someOf } from "./plural.ts";

/** What would be done, the requests that it takes, and what they are likely to cost. */
export function planLines({ totals, requests, cost }: PlanHeader): readonly string[] {
  const parts = [
    `would copy ${plural(totals.files, "file")} (${formatSize(totals.bytes)}), ${totals.replaced} of them replaced`,
    counted(totals.removals, `to remove (${formatSize(totals.bytesRemoved)})`),
    counted(totals.attributes, "with attributes to set"),
    someOf(totals.directories, "directory", "directories"),
    someOf(totals.links, "link"),
    someOf(totals.sourcesRemoved, "source to remove", "sources to remove"),
    `${totals.unchanged} unchanged`,
    counted(totals.skipped, "skipped"),
    counted(totals.ignored, "left out"),
    `${totals.failed} failed`,
  ];
  return [
    parts.filter((part) => part !== undefined).join(", "),
    ...[requestsLine("source", requests.source), requestsLine("destination", requests.destination)],
    ...costLines(cost),
  ].filter((line) => line !== undefined);
}

const NAMES: Readonly<Record<keyof RequestCounts, string>> = {
  put: "PUT",
  part: "part",
  post: "POST",
  copy: "COPY",
  get: "GET",
  head: "HEAD",
  list: "LIST",
  delete: "DELETE",
};

function requestsLine(side: string, counts: RequestCounts): string | undefined {
  const given = Object.entries(counts).filter(([, count]) => count > 0);
  if (given.length === 0) return undefined;
  const texts = given.map(([kind, count]) => `${count} ${NAMES[kind as keyof RequestCounts]}`);
  return `requests to the ${side}: about ${texts.join(", ")}`;
}

function costLines({ total, currency, table, source, destination }: Cost): readonly string[] {
  const sides = [source, destination].filter(({ priced }) => priced !== "local");
  if (sides.length === 0) return [];
  const from = `estimate by the table "${table.name}" of ${table.asOf}: ${sides.map(({ priced }) => priced).join(", ")}`;
  const amount =
    total === undefined ? "unknown" : `${total.toFixed(total < 1 ? 4 : 2)} ${currency}`;
  const notes = sides.flatMap(({ note }) => (note === undefined ? [] : [`note: ${note}`]));
  return [`cost: ${amount} (${from})`, ...new Set(notes)];
}

function counted(count: number, what: string): string | undefined {
  return count === 0 ? undefined : `${count} ${what}`;
}
