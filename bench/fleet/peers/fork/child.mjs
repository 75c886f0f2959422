import { work } from '../../task.mjs';

// An answer that is not a promise is sent immediately, as a developer who cares about speed would do.
process.on('message', (task) => {
  const answer = work(task);
  if (answer instanceof Promise) void answer.then((later) => process.send(later));
  else process.send(answer);
});
process.on('disconnect', () => process.exit());
