import type { Driver } from "../driver.ts";
import { leaveStream, releaseStream } from "../lib/release-stream.ts";
import { Slots } from "../lib/slots.ts";
import { intercept } from "./intercept.ts";

/**
 * At most `operations` calls in flight; the others wait in order of arrival, and stop waiting when
 * their signal fires or the driver is closed. A listing takes a slot for each page, not between pages. A read holds its
 * slot until its body has ended or was left: bodies of reads that feed writes of the same limited
 * driver take two slots each, so allow twice as many as there are such copies at once.
 */
export function limit(driver: Driver, operations: number): Driver {
  return limitBy(driver, new Slots(operations));
}

function limitBy(driver: Driver, slots: Slots): Driver {
  return intercept(driver, {
    rewrap: (view) => limitBy(view, slots),
    around: (call, run) => slots.run(run, call.options?.signal),
    page: (call, run) => slots.run(run, call.options?.signal),
    close: () => slots.close(),
    methods: {
      async read(path, options) {
        const release = await slots.take(options?.signal);
        try {
          const { entry, body } = await driver.read(path, options);
          return { entry, body: holdUntilEnd(body, release) };
        } catch (error) {
          release();
          throw error;
        }
      },
    },
  });
}

function holdUntilEnd(
  body: AsyncIterable<Uint8Array>,
  release: () => void,
): AsyncIterable<Uint8Array> {
  async function* steps(): AsyncGenerator<Uint8Array> {
    try {
      yield* body;
    } finally {
      release();
    }
  }
  return releaseStream(steps(), async () => {
    release();
    await leaveStream(body);
  });
}
