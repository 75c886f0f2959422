// Every link of the built pages leads to a page, and to an anchor that the page has.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from 'htmlparser2';

/** The built pages, as paths from the site's folder. */
export const builtPages = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && name !== '404.html')
    .toSorted((one, other) => (one < other ? -1 : 1));

function read(file) {
  const ids = new Set();
  const links = new Set();
  const parser = new Parser({
    onopentag(name, attributes) {
      if (attributes.id !== undefined) ids.add(attributes.id);
      if (name === 'a' && attributes.href !== undefined) links.add(attributes.href);
      if (name === 'img' && attributes.src !== undefined) links.add(attributes.src);
    },
  });
  parser.end(readFileSync(file, 'utf8'));
  return { ids, links };
}

/** Returns a sentence for each dead link, and how many links there are. */
export function checkLinks(folder, base) {
  const pages = new Map(builtPages(folder).map((page) => [page, read(join(folder, page))]));
  const files = new Set(readdirSync(folder, { recursive: true }).map((name) => name.replaceAll('\\', '/')));
  const dead = [];
  let count = 0;
  for (const [page, { links }] of pages) {
    for (const link of links) {
      if (/^[a-z]+:/i.test(link)) continue;
      const { pathname, hash } = new URL(link, `http://site${base}${page}`);
      count++;
      const target = decodeURI(pathname)
        .slice(base.length)
        .replace(/(^|\/)$/, '$1index.html');
      const anchor = decodeURIComponent(hash.slice(1));
      if (!files.has(target)) dead.push(`${page}: ${link} leads to no page`);
      else if (anchor !== '' && !pages.get(target)?.ids.has(anchor))
        dead.push(`${page}: ${link} leads to no anchor`);
    }
  }
  return { dead, count };
}
