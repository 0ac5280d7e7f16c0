/**
 * Makes documents of the repository into pages: links between files become links between pages, links to what is no page
 * become names (or, with SOURCE_URL, links to where the sources are shown), diagrams are set into the page, and what is
 * written for the tests of samples only is left out.
 */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { MarkdownOptions } from 'vitepress';
import { placeOf, root } from './pages.js';

type Markdown = Parameters<NonNullable<MarkdownOptions['config']>>[0];
type Rule = Parameters<Markdown['core']['ruler']['push']>[1];
type State = Parameters<Rule>[0];
type Token = State['tokens'][number];

/** Where the sources can be looked at, as in `https://example.org/iskra/blob/main`. Without it they are named, not linked. */
const source = process.env['SOURCE_URL']?.replace(/\/$/, '');

export function repository(markdown: Markdown): void {
  markdown.core.ruler.push('repository', (state: State) => {
    const { realPath, path: shown = '' } = state.env as { realPath?: string; path?: string };
    const folder = path.dirname(realPath ?? shown);
    state.tokens = state.tokens.filter((token) => !isNote(token));
    for (const token of state.tokens) {
      if (token.children === null) continue;
      const open: boolean[] = [];
      for (const child of token.children) {
        if (child.type === 'link_open') open.push(link(child, folder));
        else if (child.type === 'link_close' && open.pop() === true) child.tag = 'span';
        // `iskra health <url>` in a sentence is no tag, as it is none where forges show it.
        else if (child.type === 'html_inline') child.type = 'text';
        else if (child.type === 'image') image(child, folder);
      }
    }
  });
}

/** What tells the tests of samples what a sample is given, or why it is not checked. */
const isNote = (token: Token): boolean =>
  token.type === 'html_block' && /^<!-- (given|run|not checked)\b/.test(token.content);

/** Answers whether it is no link any more. */
function link(token: Token, folder: string): boolean {
  const href = token.attrGet('href') ?? '';
  if (/^([a-z]+:|#|\/)/.test(href)) return false;
  const [target = '', hash] = href.split('#');
  const file = path.relative(root, path.resolve(folder, decodeURI(target)));
  const place = placeOf(file) ?? placeOf(path.posix.join(file, 'README.md'));
  if (place !== undefined) {
    token.attrSet('href', `/${place}${hash === undefined ? '' : `#${hash}`}`);
    return false;
  }
  if (!existsSync(path.join(root, file))) throw new Error(`${folder}: the link ${href} leads nowhere.`);
  if (source !== undefined) {
    token.attrSet('href', `${source}/${file}`);
    return false;
  }
  token.tag = 'span';
  token.attrs = [
    ['class', 'in-repository'],
    ['title', `${file}, in the repository`],
  ];
  return true;
}

/** Set into the page, a diagram has the page's colours, also when the reader has chosen them. */
function image(token: Token, folder: string): void {
  const src = token.attrGet('src') ?? '';
  if (!src.endsWith('.svg')) return;
  const drawing = readFileSync(path.resolve(folder, src), 'utf8')
    .replace(/<style>.*?<\/style>/s, '')
    .replace(
      '<svg',
      `<svg class="diagram" role="img" aria-label="${token.content.replaceAll('"', '&quot;')}"`,
    );
  token.type = 'html_inline';
  token.content = drawing;
}
