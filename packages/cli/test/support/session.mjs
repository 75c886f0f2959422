// session.mjs LINES runs several command lines in one process, with `run()` of the package. LINES is a JSON
// list of lists of words. After the output of each line comes the picture of a record separator, with the
// line's status. If standard output and standard error are not the same terminal, both get the mark.
import { run } from '@pipework/cli';

for (const line of JSON.parse(process.argv[2])) {
  const mark = `␞${await run(line)}\n`;
  process.stdout.write(mark);
  if (process.stdout.isTTY !== true) process.stderr.write(mark);
}
