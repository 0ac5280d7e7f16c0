/** A server of its own for the measurement: it gives out the page, and counts aloud in a room. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { createRealtime } from '@iskra/server';
import { serve } from '@iskra/server/node';
import { Hono } from 'hono';
import { expose } from '../../transports/child.js';

const script = await bundle();
const realtime = createRealtime({ logger: false });

const app = new Hono();
app.get('/', (c) =>
  c.html(
    '<!doctype html><meta charset="utf-8"><title>Iskra</title><link rel="icon" href="data:,">' +
      '<ol id="root" style="height: 90vh; overflow: auto"></ol><script src="/page.js"></script>',
  ),
);
app.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
const { port } = await serve(realtime, { port: 0, hostname: '127.0.0.1', app });

const verbs = {
  port: () => port,
  /** So many numbers a second, for so many seconds; how many were published. */
  async count(rate: number, seconds: number): Promise<number> {
    const began = performance.now();
    let n = 0;
    for (let passed = 0; passed < seconds; passed = (performance.now() - began) / 1_000) {
      while (n < passed * rate)
        await realtime.publish('room:1', 'said', { n: ++n, text: `This is number ${n}.` });
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return n;
  },
};
export type FramesVerbs = typeof verbs;
expose(verbs);

/** As an application is shipped. */
async function bundle(): Promise<string> {
  // The same from the source and from what was compiled.
  const source = import.meta.url.replace(
    /\/e2e\/(dist\/)?bindings\/frames\/.*$/,
    '/e2e/bindings/frames/in-page.ts',
  );
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(source)],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}
