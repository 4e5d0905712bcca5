/**
 * Node's arguments that run the TypeScript of these packages in a process with threads.
 *
 * Node strips types with WebAssembly of its own, once in every thread. V8 compiles the calls that this
 * makes into JavaScript anew after 1,000 of them, and what it frees then may be in use in another thread:
 * the process dies of SIGSEGV in `Runtime_TierUpWasmToJSWrapper`, once in some thousands (seen with
 * Node 24.21). So it never comes to that. What is published has no types to strip.
 */
export const SOURCE_ARGV = ["--wasm-wrapper-tiering-budget=1000000000", "-C", "x-source"] as const;
