/** The script of the test page, made from the published client. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

export async function bundleInPage(entry = new URL('in-page.ts', import.meta.url)): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}
