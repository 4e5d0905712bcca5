/** The command line run from its TypeScript: `npm run omnisync -- sync …`, and the tests. */
import { main } from "./main.ts";

await main();
