/** A page of a walk, as it travels between threads. */
import type { Stats } from "node:fs";
import type { WireError } from "./file-errors.ts";
import type { MoreRow } from "./more-attributes.ts";
import { type Tags, createTags, statRow, tagText, writeTag } from "./stat-row.ts";

/** Numbers in arrays, texts in one string each. */
export interface WalkPage {
  readonly count: number;
  /** Paths, each ended by NUL, which no path holds. */
  readonly paths: string;
  readonly modes: Uint32Array<ArrayBuffer>;
  readonly sizes: Float64Array<ArrayBuffer>;
  readonly tags: Tags;
  readonly etags: string;
  /** Position in the page and target of each link. */
  readonly links: readonly (readonly [index: number, target: string])[];
  /** Position and what was asked for besides; of special files always. */
  readonly more: readonly (readonly [index: number, more: MoreRow])[];
  readonly problems: readonly WireError[];
  readonly done: boolean;
}

/** Collects entries into what `WalkPage` describes. */
export class PageBuilder {
  readonly problems: WireError[] = [];
  readonly #limit: number;
  readonly #paths: string[] = [];
  readonly #modes: Uint32Array<ArrayBuffer>;
  readonly #sizes: Float64Array<ArrayBuffer>;
  readonly #tags: Tags;
  readonly #links: (readonly [number, string])[] = [];
  readonly #more: (readonly [number, MoreRow])[] = [];

  constructor(limit: number) {
    this.#limit = limit;
    this.#modes = new Uint32Array(limit);
    this.#sizes = new Float64Array(limit);
    this.#tags = createTags(limit);
  }

  isFull(): boolean {
    return this.#paths.length === this.#limit || this.problems.length >= this.#limit;
  }

  add(path: string, stats: Stats, linkTarget: string | undefined, more: MoreRow | undefined): void {
    const index = this.#paths.length;
    this.#paths.push(path);
    this.#modes[index] = stats.mode;
    this.#sizes[index] = stats.size;
    writeTag(this.#tags, index, statRow(stats));
    if (linkTarget !== undefined) this.#links.push([index, linkTarget]);
    if (more !== undefined) this.#more.push([index, more]);
  }

  finish(done: boolean): WalkPage {
    const count = this.#paths.length;
    return {
      count,
      paths: this.#paths.join("\0"),
      modes: this.#modes,
      sizes: this.#sizes,
      tags: this.#tags,
      etags: tagText(this.#tags, count),
      links: this.#links,
      more: this.#more,
      problems: this.problems,
      done,
    };
  }
}
