/** Every document whose samples a reader may copy, and its links. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { documents, root } from '../.vitepress/pages.js';
import { slug } from '../.vitepress/slug.js';
import { blocksOf } from './blocks.js';
import type { Block } from './blocks.js';

export { documents } from '../.vitepress/pages.js';

export const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');

export const blocks: readonly Block[] = documents.flatMap((file) => blocksOf(file, read(file)));

/** Links of a document that lead nowhere: to no file, or to no heading of it. */
export function deadLinks(file: string): string[] {
  const text = withoutCode(read(file));
  return [...text.matchAll(/\]\((?!\w+:)([^)\s]+)\)/g)].flatMap(([, link = '']) => {
    const [target = '', heading] = link.split('#');
    const to = target === '' ? file : path.posix.join(path.posix.dirname(file), decodeURI(target));
    if (!existsSync(path.join(root, to))) return [`${file}: ${link} is not there`];
    if (heading === undefined || !to.endsWith('.md')) return [];
    return headingsOf(to).has(heading) ? [] : [`${file}: ${link} has no such heading`];
  });
}

const headings = new Map<string, Set<string>>();

function headingsOf(file: string): Set<string> {
  const known = headings.get(file);
  if (known !== undefined) return known;
  const found = new Set<string>();
  for (const [, text = ''] of withoutCode(read(file)).matchAll(/^#{1,6} (.+)$/gm)) {
    const name = slug(text.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1'));
    let unique = name;
    for (let count = 1; found.has(unique); count++) unique = `${name}-${count}`;
    found.add(unique);
  }
  headings.set(file, found);
  return found;
}

/** What is in fences: neither links nor headings. */
const withoutCode = (text: string): string => text.replaceAll(/^( *)```.*?^\1```$/gms, '');
