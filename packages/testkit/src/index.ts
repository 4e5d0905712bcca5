export { driverSuite } from "./driver-suite/driver-suite.ts";
export type { DriverSetup, SkippedRule } from "./driver-suite/suite.ts";
