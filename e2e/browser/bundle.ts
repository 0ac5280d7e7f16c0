/** The script of the test page, made from the published client. */
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** @param format `esm` for a script that waits at its top. */
export async function bundleInPage(
  entry = new URL('in-page.ts', import.meta.url),
  format: 'iife' | 'esm' = 'iife',
): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(entry)],
    bundle: true,
    platform: 'browser',
    format,
    target: 'es2022',
    write: false,
    logLevel: 'warning',
  });
  return outputFiles[0]!.text;
}
