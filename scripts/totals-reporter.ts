import type { Reporter, TestModule } from "vitest/node";

/** Ends the output of a test run with one line that people and scripts can find: the totals. */
export class TotalsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    const totals = { passed: 0, failed: unhandledErrors.length, skipped: 0 };
    for (const module of modules) {
      // A file that could not be loaded, or a suite whose hook failed, is no test, and yet a failure.
      totals.failed += module.errors().length;
      for (const suite of module.children.allSuites()) totals.failed += suite.errors().length;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        totals[state === "pending" ? "skipped" : state] += 1;
      }
    }
    const { passed, failed, skipped } = totals;
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
  }
}
