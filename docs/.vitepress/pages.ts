/**
 * Which documents of the repository are pages of the site, where each of them goes, and in which order the sidebar has them. A
 * document that is new is found by itself: in the last section that takes its folder, behind those that are named.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

export const root = fileURLToPath(new URL('../..', import.meta.url));

interface Section {
  readonly title: string;
  /** In this order, as far as they are there. */
  readonly first: readonly string[];
  /** Everything else that lies in one of these folders, by its name. */
  readonly folders?: readonly string[];
  readonly collapsed?: boolean;
}

const guide = (...names: string[]): string[] => names.map((name) => `docs/guide/${name}.md`);
const proxies = (...names: string[]): string[] => names.map((name) => `docs/proxies/${name}.md`);
const packages = ['protocol', 'client', 'server', 'chaos', 'cli', 'react', 'vue', 'svelte'];

const SECTIONS: readonly Section[] = [
  {
    title: 'Start',
    first: [
      ...guide('five-minutes', 'getting-started', 'in-your-server', 'bun-and-deno', 'contract'),
      'examples/README.md',
    ],
  },
  {
    title: 'Concepts',
    first: ['envelope', 'session', 'channel', 'cursor', 'transports', 'guarantees'].map(
      (name) => `docs/concepts/${name}.md`,
    ),
    folders: ['docs/concepts'],
  },
  {
    title: 'Guide',
    first: guide(
      'errors-and-codes',
      'bad-outcomes',
      'pages',
      'tabs',
      'several-servers',
      'security',
      'tokens',
    ),
    folders: ['docs/guide'],
  },
  { title: 'Coming from', first: guide('from-socket-io', 'from-websocket') },
  {
    title: 'Getting through',
    first: [
      ...guide('behind-a-proxy'),
      ...proxies('nginx', 'haproxy', 'apache', 'varnish', 'caddy', 'traefik', 'cdn', 'forward-proxies'),
      ...guide('cures', 'doctor', 'chaos'),
    ],
    folders: ['docs/proxies'],
  },
  {
    title: 'Operate',
    first: [
      ...guide('operate'),
      'deploy/README.md',
      ...guide('configuration', 'command-line', 'many-nodes', 'sizing', 'shutdown'),
      ...guide('metrics', 'events', 'voices', 'patterns'),
      'deploy/monitoring/README.md',
    ],
    folders: ['deploy'],
  },
  {
    title: 'Runbook',
    first: ['docs/guide/runbook/README.md'],
    folders: ['docs/guide/runbook'],
    collapsed: true,
  },
  {
    title: 'Reference',
    first: [
      ...guide('limits-and-times'),
      'docs/reference/options.md',
      'docs/reference/codes.md',
      'docs/reference/limits.md',
      'PROTOCOL.md',
      ...guide('write-a-client'),
      'docs/requirements.md',
    ],
    folders: ['docs/reference'],
  },
  {
    title: 'The project',
    first: ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'docs/open.md'],
    collapsed: true,
  },
  {
    title: 'Packages',
    first: packages.map((name) => `packages/${name}/README.md`),
    folders: ['packages'],
    collapsed: true,
  },
  {
    title: 'Decisions',
    first: ['docs/decisions/README.md'],
    folders: ['docs/decisions'],
    collapsed: true,
  },
];

const LANDING = 'docs/index.md';
/** The index of the documentation where there is no site: the landing page and the sidebar stand in its place. */
const INDEX = 'docs/README.md';

/** Every Markdown document of the repository, as a path from its root. */
export const documents: readonly string[] = walk('.').sort();

const named = new Set(SECTIONS.flatMap(({ first }) => first));
const sections = SECTIONS.map((section) => ({
  ...section,
  pages: [...section.first.filter((file) => existsSync(path.join(root, file))), ...others(section)],
}));

/** All pages, by their documents. */
export const pages: readonly string[] = [LANDING, ...sections.flatMap((section) => section.pages)];

/** Documents that are no page: what has a reader of its own, such as the examples of a test. */
export const left = documents.filter((file) => !pages.includes(file));

/** Where a page goes, from the site's root; undefined for what is no page. `guide/pages.md`, `protocol.md`. */
export function placeOf(file: string): string | undefined {
  if (file === INDEX) return 'index.md';
  if (!pages.includes(file)) return undefined;
  if (file === 'README.md') return 'overview.md';
  const inSite = file.replace(/^docs\//, '');
  if (inSite !== file) return inSite.replace(/README\.md$/, 'index.md');
  return file.replace(/\/README\.md$/, '.md').toLowerCase();
}

export const rewrites = Object.fromEntries(pages.map((file) => [file, placeOf(file) ?? file]));

/** What is in the sidebar: each section that has pages. */
export const sidebar: DefaultTheme.SidebarItem[] = sections
  .filter((section) => section.pages.length > 0)
  .map((section) => ({
    text: section.title,
    ...(section.collapsed === true && { collapsed: true }),
    items: section.pages.map((file) => ({ text: titleOf(file), link: linkTo(file) })),
  }));

/** Where the address bar goes for it. */
export function linkTo(file: string): string {
  return `/${(placeOf(file) ?? file).replace(/(^|\/)index\.md$/, '$1').replace(/\.md$/, '')}`;
}

/** The first heading, short: what a sidebar has room for. */
function titleOf(file: string): string {
  if (file === 'README.md') return 'Overview';
  const [, heading = path.basename(file, '.md')] =
    /^# (.+)$/m.exec(readFileSync(path.join(root, file), 'utf8')) ?? [];
  return heading.replaceAll('`', '');
}

function others({ folders = [] }: Section): string[] {
  return documents.filter(
    (file) =>
      !named.has(file) &&
      ![LANDING, INDEX].includes(file) &&
      folders.some((folder) => path.posix.dirname(file).startsWith(folder)) &&
      // The deepest folder of all sections takes it.
      !SECTIONS.some((section) =>
        section.folders?.some(
          (folder) =>
            path.posix.dirname(file).startsWith(folder) && folders.every((own) => folder.length > own.length),
        ),
      ),
  );
}

function walk(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return /^(\.|node_modules$|dist$|api$)/.test(entry.name) ? [] : walk(file);
    // A copy that the build makes; and, like the folder api, what tools write.
    if (file === 'packages/protocol/PROTOCOL.md' || entry.name === 'CHANGELOG.md') return [];
    return file.endsWith('.md') ? [file] : [];
  });
}
