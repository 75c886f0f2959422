// Checks that every link of the built pages leads to a page, and to an anchor that the page has.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Parser } from 'htmlparser2';
import { sectionsWithWords } from '../words.mjs';

/** The built pages, as paths from the site's folder. */
export const builtPages = (folder) =>
  readdirSync(folder, { recursive: true })
    .map((name) => name.replaceAll('\\', '/'))
    .filter((name) => name.endsWith('.html') && name !== '404.html')
    .toSorted((one, other) => (one < other ? -1 : 1));

function read(file) {
  const ids = new Set();
  const links = new Set();
  const named = [];
  let text;
  const parser = new Parser({
    ontext(part) {
      if (text !== undefined) text += part;
    },
    onclosetag(name) {
      if (name !== 'a') return;
      if (/^[\w./-]+\.md$/.test(text)) named.push(text);
      text = undefined;
    },
    onopentag(name, attributes) {
      if (name === 'a') text = '';
      if (attributes.id !== undefined) ids.add(attributes.id);
      if (name === 'a' && attributes.href !== undefined) links.add(attributes.href);
      if (name === 'img' && attributes.src !== undefined) links.add(attributes.src);
    },
  });
  parser.end(readFileSync(file, 'utf8'));
  return { ids, links, named };
}

/** Returns a sentence for each dead link, and for each section of words.mjs that no page has. */
export function checkLinks(folder, base) {
  const pages = new Map(builtPages(folder).map((page) => [page, read(join(folder, page))]));
  const files = new Set(readdirSync(folder, { recursive: true }).map((name) => name.replaceAll('\\', '/')));
  const dead = [];
  for (const [page, { links, named }] of pages) {
    for (const name of named) dead.push(`${page}: a link is called ${name}, which is no name of a page here`);
    for (const link of links) {
      if (/^[a-z]+:/i.test(link)) continue;
      const { pathname, hash } = new URL(link, `http://site${base}${page}`);
      const target = decodeURI(pathname)
        .slice(base.length)
        .replace(/(^|\/)$/, '$1index.html');
      const anchor = decodeURIComponent(hash.slice(1));
      if (!files.has(target)) dead.push(`${page}: ${link} leads to no page`);
      else if (anchor !== '' && !pages.get(target)?.ids.has(anchor))
        dead.push(`${page}: ${link} leads to no anchor`);
    }
  }
  for (const section of sectionsWithWords) {
    const [page, anchor] = section.split('#');
    if (!pages.get(page || 'index.html')?.ids.has(anchor))
      dead.push(`site/words.mjs: there is no ${section}`);
  }
  return dead;
}
