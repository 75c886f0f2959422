// session.mjs LINES: runs several command lines in one process, by `run()` of the package. LINES is a JSON list of lists of words.
// Behind the output of each stands the picture of a record separator, with its status, on both outputs unless they are one terminal.
import { run } from '@pipework/cli';

for (const line of JSON.parse(process.argv[2])) {
  const mark = `␞${await run(line)}\n`;
  process.stdout.write(mark);
  if (process.stdout.isTTY !== true) process.stderr.write(mark);
}
