import { work } from '../../task.mjs';

// If the answer is not a promise, sends it immediately, as a user who cares about speed would.
process.on('message', (task) => {
  const answer = work(task);
  if (answer instanceof Promise) void answer.then((later) => process.send(later));
  else process.send(answer);
});
process.on('disconnect', () => process.exit());
