#!/usr/bin/env node
// Checked first: on an older Node the rest would fail with an unhelpful message.
if (Number.parseInt(process.versions.node, 10) < 24) {
  process.stderr.write(
    `Node ${process.versions.node} is too old: sandbox-discord needs version 24 or later\n`,
  );
  process.exitCode = 1;
} else {
  await import('../dist/main.js');
}
