// escapes.mjs [--means NAME] [--only WORDS]: attempts to get out of each means of isolation that this machine has. The same as
// `node reliability/run.mjs escapes`.
process.argv.splice(2, 0, 'escapes');
await import('./run.mjs');
