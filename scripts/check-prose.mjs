// Fails if a comment or a page has a phrase that readers once had to read twice, and suggests other words. A
// text without these phrases may nevertheless be unclear.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** [the refused phrase, what to write instead] */
const phrases = [
  [/\b(?:whoever|whomever)\b/i, 'name the party: host, plugin, caller, handler, peer, listener, reader'],
  [/(?<!--user )\b(?:nobody|somebody|anybody)\b/i, 'name the party, or say "no caller", "no listener"'],
  [/\b(?:what|who) waits\b/i, 'name the subject: the waiting calls, the waiting frames'],
  [/\bwhere there is\b/i, 'a condition begins with "if" or "when"'],
  [/\bof this and that\b/i, 'name the kinds'],
  [/\bfor ever\b/i, 'say "without end", or what ends it'],
  [/(?<![\w`])for good(?=[.:,;]|$)/i, 'say what never happens again'],
  [/\bthe long way\b/i, 'say "the general path"'],
  [/\bgoes? silent\b/i, 'say "stops sending"'],
  [/(?<!\bthere )\bis none(?=[.:,;)]|$| of)/i, 'say what it is instead, or "must not"'],
];

/** Phrases that are refused only in comments, because most of them were found there. */
const inComments = [
  [/\banew\b/i, 'say "again", or "from the beginning"'],
  [/\blet(?:s|ting)? go of\b/i, 'say "releases"'],
  [/\bwhat(?:ever)? (?:becomes?|became|comes|came) of\b/i, 'say "what happens to", or "the result"'],
  [/\blast words?\b/i, 'say "the final message", or "the last output"'],
  [/\b(?:what|that|which|who) (?:is|are) no (?!longer|more)\w/i, 'say "is not a"'],
  [/\bof the (?:user|peer|host|plugin|caller|handler)'s(?=[.,:;)])/i, 'say "of the user"'],
  [/\bfor want of\b/i, 'say what was missing, or ran out'],
  [/\btak(?:es?|ing) no notice\b/i, 'say "ignores"'],
  [/\ball the same\b/i, 'say "nevertheless"'],
  [/\bhears? (?:of|that|why|nothing|everything)\b/i, 'say "is told"'],
];

/**
 * For each kind of file, yields the lines of prose with their numbers: the comments of a source, the text of
 * a page.
 */
const readers = {
  ts: comments,
  mjs: comments,
  md: prose,
};

function* comments(text) {
  let inside = false;
  for (const [index, line] of text.split('\n').entries()) {
    const begins = /(?:^|[\s(])(\/\*\*?|\/\/ )/.exec(line);
    if (inside || begins !== null) yield [index + 1, inside ? line : line.slice(begins.index)];
    if (begins?.[1].startsWith('/*')) inside = true;
    if (line.includes('*/')) inside = false;
  }
}

function* prose(text) {
  let fence;
  for (const [index, line] of text.split('\n').entries()) {
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (mark !== undefined) fence = fence === undefined ? mark : line.trim() === fence ? undefined : fence;
    else if (fence === undefined) yield [index + 1, line.replaceAll(/`[^`]*`/g, '``')];
  }
}

const listed = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard', '-z'], {
  encoding: 'utf8',
  maxBuffer: 16 * 2 ** 20,
});
const skipped =
  /(?:^|\/)(?:results|fixtures|vectors|\.changeset)\/|^api\/|^CHANGELOG\.md$|^scripts\/check-prose\.mjs$/;

let found = 0;
for (const file of listed.split('\0').filter((name) => name !== '' && !skipped.test(name))) {
  const read = readers[file.slice(file.lastIndexOf('.') + 1)];
  if (read === undefined) continue;
  for (const [line, text] of read(readFileSync(file, 'utf8'))) {
    for (const [phrase, advice] of read === prose ? phrases : [...phrases, ...inComments]) {
      const match = phrase.exec(text);
      if (match === null) continue;
      found += 1;
      console.log(`${file}:${line}: "${match[0]}": ${advice}`);
    }
  }
}
if (found > 0) process.exitCode = 1;
console.log(`${found} phrases to write anew`);
