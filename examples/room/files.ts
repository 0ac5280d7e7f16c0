/** The page's files: a fixed list, read once. Nothing that a visitor writes ever becomes a path. */
import { readFile } from 'node:fs/promises';
import { Hono } from 'hono';

const FILES = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/favicon.svg': ['favicon.svg', 'image/svg+xml'],
  '/theme.js': ['theme.js', 'text/javascript; charset=utf-8'],
  '/main.js': ['main.js', 'text/javascript; charset=utf-8'],
  '/main.js.map': ['main.js.map', 'application/json'],
} as const;

/** The page needs nothing from anywhere else, and says so. */
const HEADERS = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const;

/** Serves the files that stand in `folder`. */
export async function createFiles(folder: URL): Promise<Hono> {
  const app = new Hono();
  await Promise.all(
    Object.entries(FILES).map(async ([path, [name, type]]) => {
      const body = await readFile(new URL(name, folder));
      app.get(
        path,
        () => new Response(new Uint8Array(body), { headers: { ...HEADERS, 'content-type': type } }),
      );
    }),
  );
  return app;
}
