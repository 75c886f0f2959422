// session.mjs LINES runs several command lines in one process, with `run()` of the package. LINES is a JSON
// list of lists of words. After the output of each line, the program prints a mark: the picture of a record
// separator, and the line's status. The mark is printed on standard error too, unless both outputs are the
// terminal.
import { run } from '@pipework/cli';

for (const line of JSON.parse(process.argv[2])) {
  const mark = `␞${await run(line)}\n`;
  process.stdout.write(mark);
  if (process.stdout.isTTY !== true) process.stderr.write(mark);
}
