import { work } from '../../task.mjs';

// An answer that is not a promise is sent immediately. A user who cares about speed would do the same.
process.on('message', (task) => {
  const answer = work(task);
  if (answer instanceof Promise) void answer.then((later) => process.send(later));
  else process.send(answer);
});
process.on('disconnect', () => process.exit());
