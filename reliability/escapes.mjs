// escapes.mjs [--means NAME] [--only WORDS]: tries to escape from each kind of isolation that this machine
// has. With --only, reports only the attempts whose names contain WORDS. This command does the same as `node
// reliability/run.mjs escapes`.
process.argv.splice(2, 0, 'escapes');
await import('./run.mjs');
