/** The driver that docs/library.md shows keeps the contract that it is an example of. */
import { driverSuite } from "@omnisync/testkit";
import { ShelfDriver } from "../doc-driver.ts";

let opened = 0;

await driverSuite("the driver of docs/library.md", {
  open: async () => new ShelfDriver(`shelf-${++opened}`, new Map()),
});
