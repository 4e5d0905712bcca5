#!/usr/bin/env -S node --max-semi-space-size=4 --min-semi-space-size=2
/* Short-lived objects get 4 MiB: left alone, V8 takes 50 MiB for them in a long run, and gains nothing by it. They begin with
   2: with less it collects garbage while it starts.
   Plain JavaScript that old Nodes parse too, so that they can say that they are too old. */
var version = process.versions.node.split(".").map(Number);
if (version[0] < 22 || (version[0] === 22 && version[1] < 19)) {
  console.error(
    "omnisync: this is Node " + process.versions.node + ": install Node 22.19 or newer",
  );
  process.exit(2);
} else {
  start();
}

function start() {
  // Compiled code is kept in the user's own cache directory: a shared one could be written by others.
  var cache = process.env.XDG_CACHE_HOME || (process.env.HOME && process.env.HOME + "/.cache");
  if (cache) {
    require("node:module").enableCompileCache(cache + "/omnisync/compiled");
  }
  void require("../bundle/main.js").main(require("node:path").basename(process.argv[1]));
}
