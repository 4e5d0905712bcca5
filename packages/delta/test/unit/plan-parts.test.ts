import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type DeltaOp, OpList } from "../../src/delta.ts";
import { DeltaError } from "../../src/delta-error.ts";
import { type PartRules, S3_PART_RULES } from "../../src/part-rules.ts";
import { type PartPlan, planParts } from "../../src/plan-parts.ts";

const rulesOf = fc
  .record({ minPart: fc.integer({ min: 1, max: 6 }), more: fc.integer({ min: 0, max: 20 }) })
  .map(({ minPart, more }): PartRules => {
    const maxPart = 2 * minPart + more;
    return { minPart, maxPart, maxParts: 1000, uploadPart: maxPart, copyPart: maxPart };
  });

const opsOf = fc
  .array(fc.record({ copy: fc.boolean(), length: fc.integer({ min: 1, max: 16 }) }), {
    maxLength: 14,
  })
  .map((list) => {
    const ops = new OpList();
    // The gap keeps neighbouring copies apart in the old object.
    let old = 0;
    for (const { copy, length } of list) {
      if (copy) ops.copy((old += 100), length);
      else ops.insert(length);
    }
    return [...ops.finish()];
  });

describe("a plan of parts", () => {
  it("[DL-10] keeps every rule and holds the whole file", () => {
    fc.assert(
      fc.property(rulesOf, opsOf, (rules, ops) => expectValid(planParts(ops, rules), ops, rules)),
      { numRuns: 2000 },
    );
  });

  it("[DL-11] uploads no byte more than the best plan there is, in at most a part more per run", () => {
    fc.assert(
      fc.property(rulesOf, opsOf, (rules, ops) => {
        const plan = planParts(ops, rules);
        const best = bruteForce(ops, rules);
        expect(plan.uploadBytes).toBe(best.bytes);
        expect(plan.parts.length).toBeLessThanOrEqual(best.parts + ops.length);
      }),
      { numRuns: 3000 },
    );
  });

  it("[DL-11] looks at few plans, however many stretches can hardly be copied", () => {
    const ops = new OpList();
    for (let i = 0; i < 9000; i++) {
      ops.copy((i + 1) * 1e9, 5 * 1024 ** 2 + ((i * 7919) % 1_000_003));
      ops.insert(1 + ((i * 104_729) % 2_000_003));
    }
    const started = process.cpuUsage();
    expectValid(planParts(ops.finish(), S3_PART_RULES), [...ops.finish()], S3_PART_RULES);
    // A search that looks back over all of them takes minutes.
    expect(process.cpuUsage(started).user / 1e6).toBeLessThan(5);
  });

  it("[DL-12] gives up the shortest copies when there are too many parts", () => {
    fc.assert(
      fc.property(opsOf, fc.integer({ min: 1, max: 12 }), (ops, maxParts) => {
        const rules = { minPart: 2, maxPart: 200, maxParts, uploadPart: 4, copyPart: 4 };
        const plan = planParts(ops, rules);
        expectValid(plan, ops, rules);
      }),
      { numRuns: 2000 },
    );
  });

  it("[DL-12] 20,000 copied stretches fit into 10,000 parts, the longest first", () => {
    const ops = new OpList();
    const MIB = 1024 ** 2;
    for (let i = 0; i < 20_000; i++) {
      ops.insert(6 * MIB);
      ops.copy((i + 1) * 1000 * MIB, (i % 2 === 0 ? 6 : 40) * MIB);
    }
    const plan = planParts(ops.finish(), S3_PART_RULES);
    expectValid(plan, [...ops.finish()], S3_PART_RULES);
    expect(plan.copyBytes).toBeGreaterThan(3300 * 40 * MIB);
    const fewer = planParts([...ops.finish()].slice(0, 16_000), S3_PART_RULES);
    expectValid(fewer, [...ops.finish()].slice(0, 16_000), S3_PART_RULES);
    expect(fewer.copyBytes).toBeGreaterThanOrEqual(3300 * 40 * MIB);
  });

  it("[DL-12] no part that is uploaded needs more than twice the memory that the whole would need", () => {
    const ops = new OpList();
    const MIB = 1024 ** 2;
    for (let i = 0; i < 20_000; i++) {
      ops.insert(64 * 1024);
      ops.copy((i + 1) * 1000 * MIB, 250 * MIB);
    }
    const { parts } = planParts(ops.finish(), S3_PART_RULES);
    const size = 20_000 * (250 * MIB + 64 * 1024);
    const lengths = parts.map((part) => (part.kind === "upload" ? part.length : 0));
    expect(Math.max(...lengths)).toBeLessThanOrEqual(Math.ceil((2 * size) / 10_000));
  });

  it("[DL-13] an edit in the middle of 20 GiB sends one part around it", () => {
    const GIB = 1024 ** 3;
    const ops = new OpList();
    ops.copy(0, 10 * GIB);
    ops.insert(1_000_000);
    ops.copy(10 * GIB + 1_000_000, 10 * GIB - 1_000_000);
    const plan = planParts(ops.finish(), S3_PART_RULES);
    expect(plan.uploadBytes).toBe(5 * 1024 ** 2);
    expectValid(plan, [...ops.finish()], S3_PART_RULES);
  });

  it("[DL-13] an empty file has no parts; a file beyond the store's limit is refused", () => {
    expect(planParts([], S3_PART_RULES).parts).toEqual([]);
    const huge: DeltaOp = { kind: "insert", offset: 0, length: 10_000 * 5 * 1024 ** 3 + 1 };
    expect(() => planParts([huge], S3_PART_RULES)).toThrow(DeltaError);
    const rules = { ...S3_PART_RULES, maxPart: 6 * 1024 ** 2 };
    expect(() => planParts([], rules)).toThrow(/contradict/);
  });

  it("[DL-13] 40 TiB without anything to copy fit", () => {
    const whole: DeltaOp = { kind: "insert", offset: 0, length: 40 * 1024 ** 4 };
    expectValid(planParts([whole], S3_PART_RULES), [whole], S3_PART_RULES);
  });
});

function expectValid(plan: PartPlan, ops: readonly DeltaOp[], rules: PartRules): void {
  let end = 0;
  expect(plan.parts.length).toBeLessThanOrEqual(rules.maxParts);
  for (const [index, part] of plan.parts.entries()) {
    if (part.offset !== end) throw new Error(`a part at ${part.offset}, not ${end}`);
    const last = index === plan.parts.length - 1;
    const bounded = part.length <= rules.maxPart && part.length >= (last ? 1 : rules.minPart);
    if (!bounded) throw new Error(`a part of ${part.length}`);
    end += part.length;
    if (part.kind === "upload") continue;
    const from = ops.find((op) => op.offset <= part.offset && op.offset + op.length >= end);
    if (from?.kind !== "copy" || from.oldOffset - from.offset !== part.oldOffset - part.offset) {
      throw new Error("a copied part is not within one copy");
    }
  }
  expect(end).toBe((ops.at(-1)?.offset ?? 0) + (ops.at(-1)?.length ?? 0));
}

/** The best over all ways to cut the file at any byte. */
function bruteForce(ops: readonly DeltaOp[], rules: PartRules): { bytes: number; parts: number } {
  const last = ops.at(-1);
  const size = last === undefined ? 0 : last.offset + last.length;
  const best = Array.from({ length: size + 1 }, () => ({ bytes: Infinity, parts: Infinity }));
  best[0] = { bytes: 0, parts: 0 };
  for (let from = 0; from < size; from++) {
    for (let to = from + 1; to <= Math.min(size, from + rules.maxPart); to++) {
      if (to - from < rules.minPart && to !== size) continue;
      const copied = ops.some(
        (op) => op.kind === "copy" && op.offset <= from && op.offset + op.length >= to,
      );
      const bytes = best[from]!.bytes + (copied ? 0 : to - from);
      const parts = best[from]!.parts + 1;
      const known = best[to]!;
      if (bytes < known.bytes || (bytes === known.bytes && parts < known.parts)) {
        best[to] = { bytes, parts };
      }
    }
  }
  return best[size]!;
}
