/** What `bin/omnisync.js` does, without a build. */
import { main } from "../src/main.ts";

await main();
