// Rewrites the links in the repository's pages for the site. If the site has a page for a link's target, the
// link leads to that page. Otherwise it leads to the repository, or becomes the name of the file if the
// repository has no address.
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from './address.mjs';
import { root, sourcePages, targetOf, titleOf } from './pages.mjs';

/** Returns the address at which a file or folder of the repository can be read. */
export const addressOf = (repository, file) =>
  `${repository}/${statSync(join(root, file)).isDirectory() ? 'tree' : 'blob'}/main/${file}`;

/** Adds a rule to markdown-it that rewrites the links of each page whose source is in the repository. */
export function repositoryLinks(md) {
  const sourceOf = new Map([...sourcePages()].map(([source, page]) => [page, source]));
  sourceOf.set('index.md', 'README.md');
  md.core.ruler.push('repository-links', ({ tokens, env, Token }) => {
    const source = sourceOf.get(env.relativePath);
    if (source === undefined) return;
    for (const token of tokens.filter(({ children }) => children !== null)) {
      token.children = linkNamedPages(token.children, Token);
      rewrite(token.children, source);
    }
  });
}

/**
 * Turns the name of a file that is a page, such as `docs/calls.md`, into a link with the page's title as its
 * text. READMEs of packages name pages in this way, because relative links to them would be dead on the
 * registry.
 */
function linkNamedPages(tokens, Token) {
  let depth = 0;
  return tokens.flatMap((token) => {
    if (token.type === 'link_open') depth++;
    if (token.type === 'link_close') depth--;
    if (depth > 0 || token.type !== 'code_inline' || !sourcePages().has(token.content)) return [token];
    const open = new Token('link_open', 'a', 1);
    open.attrSet('href', `/${sourcePages().get(token.content)}`);
    const title = Object.assign(new Token('text', '', 0), { content: titleOf(token.content) });
    return [open, title, new Token('link_close', 'a', -1)];
  });
}

function rewrite(tokens, source) {
  for (const [index, token] of tokens.entries()) {
    if (token.type !== 'link_open') continue;
    const [path, anchor] = (token.attrGet('href') ?? '').split('#');
    if (path === '' || path.startsWith('/') || /^[a-z]+:/i.test(path)) continue;
    const target = targetOf(source, decodeURI(path));
    if (target === undefined) throw new Error(`${source} links to ${path}, which does not exist`);
    if (target.page !== undefined) {
      token.attrSet('href', `/${target.page}${anchor === undefined ? '' : `#${anchor}`}`);
      nameByTitle(tokens[index + 1], target.page);
    } else if (repository !== undefined) {
      token.attrSet('href', addressOf(repository, target.file));
    } else {
      const close = tokens.slice(index).find(({ type }) => type === 'link_close');
      showAsFile(token, close, target.file);
    }
  }
}

/** If a link's text is the name of a Markdown file, replaces the text by the title of the page. */
function nameByTitle(text, page) {
  if (!['text', 'code_inline'].includes(text.type) || !/^[\w./-]+\.md$/.test(text.content)) return;
  const [source] = [...sourcePages()].find((entry) => entry[1] === page) ?? ['README.md'];
  Object.assign(text, { type: 'text', tag: '', content: titleOf(source) });
}

/**
 * Turns a link into plain text, with the name of the file as its tooltip. Used if the repository has no
 * address.
 */
function showAsFile(open, close, file) {
  open.type = 'file_open';
  close.type = 'file_close';
  open.tag = close.tag = 'span';
  open.attrs = [['title', `${file} in the repository`]];
}
