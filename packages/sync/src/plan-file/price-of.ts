/** What a plan is likely to cost. Pure. */
import type { PlannedPlace, PlanHeader } from "./plan-header.ts";
import type { PriceEntry, PriceTable } from "./price-table.ts";

/** An estimate: list prices of one region, without free tiers, discounts, retries and storage. */
export interface Cost {
  readonly estimate: true;
  /** `undefined`: at least one side has no price in the table. */
  readonly total?: number | undefined;
  readonly currency: string;
  /** Which table: its name and the day as of which it was right. */
  readonly table: { readonly name: string; readonly asOf: string };
  readonly source: SideCost;
  readonly destination: SideCost;
}

/** What one store charges. */
export interface SideCost {
  /** The entry of the table: `aws STANDARD`; `local` costs nothing; `unknown`. */
  readonly priced: string;
  readonly requests?: number | undefined;
  /** Traffic out of the store, and its charge for reading from a colder class. */
  readonly traffic?: number | undefined;
  /** What else there is to know, such as a minimum storage duration. */
  readonly note?: string | undefined;
}

const GB = 1024 ** 3;

/** What is priced: a header without its cost. */
export type Priceable = Pick<PlanHeader, "source" | "destination" | "totals" | "requests"> &
  Partial<Pick<PlanHeader, "options">>;

/**
 * The estimate of a plan by a table. Content that the stores copy between themselves is no traffic.
 * Within one provider's network traffic may be free; the estimate takes it as going to the internet.
 */
export function priceOf(plan: Priceable, table: PriceTable): Cost {
  const read = plan.totals.bytes - plan.totals.bytesServerCopied;
  const source = priceSide(plan.source, plan.requests.source, table, { read });
  const destination = priceSide(plan.destination, plan.requests.destination, table, {
    read: 0,
    storageClass: plan.options?.storageClass,
    removes: plan.totals.removals + plan.totals.replaced > 0,
  });
  const sides = [source, destination];
  const known = sides.every(({ requests }) => requests !== undefined);
  const sum = sides.reduce((all, side) => all + (side.requests ?? 0) + (side.traffic ?? 0), 0);
  return {
    estimate: true,
    total: known ? money(sum) : undefined,
    currency: table.currency,
    table: { name: table.name, asOf: table.asOf },
    source,
    destination,
  };
}

interface Use {
  /** Bytes that leave the store. */
  readonly read: number;
  readonly storageClass?: string | undefined;
  /** Whether objects go that may be younger than their class bills for. */
  readonly removes?: boolean | undefined;
}

function priceSide(
  place: PlannedPlace,
  requests: PlanHeader["requests"]["source"],
  table: PriceTable,
  use: Use,
): SideCost {
  if (/^(?:file|memory):/.test(place.id)) return { priced: "local", requests: 0, traffic: 0 };
  const entry = findEntry(place, table, use.storageClass);
  if (entry === undefined) return { priced: "unknown" };
  const { per1000, perGB } = entry;
  const thousands =
    requests.put * per1000.put +
    requests.part * per1000.put +
    requests.post * per1000.post +
    requests.copy * per1000.copy +
    requests.list * per1000.list +
    (requests.get + requests.head) * per1000.get +
    requests.delete * per1000.delete;
  const note = use.removes && entry.minimumDays > 0 ? earlyRemoval(entry) : entry.note;
  return {
    priced: `${entry.provider} ${entry.storageClass}`,
    requests: money(thousands / 1000),
    traffic: money((use.read / GB) * (perGB.egress + perGB.retrieval)),
    ...(note === undefined ? {} : { note }),
  };
}

function findEntry(
  { id }: PlannedPlace,
  table: PriceTable,
  storageClass: string | undefined,
): PriceEntry | undefined {
  const host = /^[a-z0-9+.-]+:\/\/([^/:]+)/i.exec(id)?.[1]?.toLowerCase();
  if (host === undefined) return undefined;
  const ofHost = table.entries.filter(({ hosts }) =>
    hosts.some((suffix) => host === suffix || host.endsWith(`.${suffix}`)),
  );
  if (storageClass === undefined) return ofHost[0];
  return ofHost.find((entry) => entry.storageClass === storageClass.toUpperCase());
}

function earlyRemoval({ storageClass, minimumDays, note }: PriceEntry): string {
  const early = `${storageClass} bills at least ${minimumDays} days of storage, also of what is replaced or removed sooner`;
  return note === undefined ? early : `${early}; ${note}`;
}

/** Millionths are enough, and keep sums of binary fractions readable. */
function money(amount: number): number {
  return Math.round(amount * 1e6) / 1e6;
}
