// Links in the repository's pages, as the site shows them: to a page if there is one, else to the repository's own pages, else as a name of a file.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './address.mjs';
import { root, sourcePages, targetOf } from './pages.mjs';

/** Where a file or folder of the repository can be read. */
export const addressOf = (repository, file) =>
  `${repository}/${statSync(join(root, file)).isDirectory() ? 'tree' : 'blob'}/main/${file}`;

/** A rule for markdown-it that rewrites the links of each page which the repository holds. */
export function repositoryLinks(md) {
  const sourceOf = new Map([...sourcePages()].map(([source, page]) => [page, source]));
  sourceOf.set('index.md', 'README.md');
  md.core.ruler.push('repository-links', ({ tokens, env }) => {
    const source = sourceOf.get(env.relativePath);
    if (source === undefined) return;
    for (const { children } of tokens) if (children) rewrite(children, source);
  });
}

function rewrite(tokens, source) {
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'link_open') continue;
    const [path, anchor] = (token.attrGet('href') ?? '').split('#');
    if (path === '' || /^[a-z]+:/i.test(path)) continue;
    const target = targetOf(source, decodeURI(path));
    if (target === undefined) throw new Error(`${source} links to ${path}, which does not exist`);
    if (target.page !== undefined) {
      token.attrSet('href', `/${target.page}${anchor === undefined ? '' : `#${anchor}`}`);
    } else if (repository !== undefined) {
      token.attrSet('href', addressOf(repository, target.file));
    } else {
      showAsFile(
        token,
        tokens.slice(index).find(({ type }) => type === 'link_close'),
        target.file,
      );
    }
  }
}

/** Without an address of the repository there is nothing to lead to: the link becomes a text that names the file. */
function showAsFile(open, close, file) {
  open.type = 'file_open';
  close.type = 'file_close';
  open.tag = close.tag = 'span';
  open.attrs = [
    ['class', 'repository-file'],
    ['title', `${file} in the repository`],
  ];
}
