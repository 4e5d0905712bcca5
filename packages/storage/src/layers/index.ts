export { type Clock, systemClock } from "../lib/clock.ts";
export {
  DEFAULT_RETRY,
  type RetryEvent,
  type RetryPolicy,
  retryDelay,
  withRetry,
} from "../lib/retry-policy.ts";
export { unwrapDriver } from "../lib/unwrap-driver.ts";
export { AdaptiveLimit, adaptiveLimit } from "./adaptive-limit.ts";
export { disable } from "./disable.ts";
export {
  type BodyFault,
  type Fault,
  type FaultCall,
  type FaultPlan,
  Faults,
  atRate,
  fault,
  onCall,
  transientError,
} from "./fault.ts";
export { type Mark, hideMarked, isMarked } from "./hide-marked.ts";
export {
  type Around,
  type Call,
  type Interceptor,
  type Operation,
  intercept,
} from "./intercept.ts";
export { limit } from "./limit.ts";
export { type LogRecord, log } from "./log.ts";
export {
  DURATION_BOUNDS,
  Metrics,
  type MetricsSnapshot,
  type OperationMetrics,
  metrics,
} from "./metrics.ts";
export { type OperationRecord, observe } from "./observe.ts";
export { readOnly } from "./read-only.ts";
export { type RequestRate, requestRate } from "./request-rate.ts";
export { retry } from "./retry.ts";
export { Throttle, throttle } from "./throttle.ts";
