/** The site: every document of the repository as a page, one sidebar, a search without a service, no request to elsewhere. */
import { defineConfig } from 'vitepress';
import type { Plugin } from 'vitepress';
import { left, linkTo, rewrites, sidebar } from './pages.js';
import { repository } from './repository.js';
import { slug } from './slug.js';

/** While pages are rendered, those that lie outside this package find the Vue that it has. */
const oneVue: Plugin = {
  name: 'one-vue',
  enforce: 'pre',
  resolveId: (id, _importer, { ssr }) =>
    ssr === true && /^vue(\/server-renderer)?$/.test(id) ? { id, external: true } : undefined,
};

const WIDE = /\breference\/|guide\/(configuration|events|limits-and-times|metrics)\.md$/;

export default defineConfig({
  title: 'Iskra',
  description:
    'A realtime framework for TypeScript: one session over WebSocket, SSE, long-poll or polling, and nothing lost in between.',
  lang: 'en',
  // Documents stay where they belong in the repository; a page is one of them, at a place of its own.
  srcDir: '..',
  srcExclude: [...left],
  rewrites,
  outDir: 'dist',
  cacheDir: 'node_modules/.cache/vitepress',
  // Wide tables need the room that the outline would take.
  transformPageData: ({ filePath, frontmatter }) =>
    WIDE.test(filePath) ? { frontmatter: { ...frontmatter, aside: false } } : undefined,
  // Addresses of what the reader runs.
  ignoreDeadLinks: 'localhostLinks',
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: '/spark.svg' }]],
  markdown: {
    config: repository,
    anchor: { slugify: slug },
    headers: { slugify: slug },
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-default' },
    // Shiki does not know them; what they look like most.
    languageAlias: { haproxy: 'nginx', vcl: 'c', caddyfile: 'nginx', squid: 'ini' },
  },
  vite: { publicDir: 'docs/public', build: { chunkSizeWarningLimit: 2_000 }, plugins: [oneVue] },
  themeConfig: {
    logo: '/spark.svg',
    nav: [
      { text: 'Start', link: linkTo('docs/guide/five-minutes.md') },
      { text: 'Concepts', link: linkTo('docs/concepts/envelope.md') },
      { text: 'Guarantees', link: linkTo('docs/concepts/guarantees.md') },
      { text: 'Operate', link: linkTo('docs/guide/operate.md') },
      { text: 'Protocol', link: linkTo('PROTOCOL.md') },
    ],
    sidebar,
    outline: { level: [2, 3] },
    search: { provider: 'local' },
    docFooter: { prev: 'Before', next: 'Next' },
    footer: { message: 'MIT' },
  },
});
