// Builds the documentation as a site, into docs/dist. A link that leads nowhere and a warning are failures: what is only
// printed is read by nobody.
//
//   npm run docs                    builds
//   npm run docs -- serve 4173      builds, and serves it on 127.0.0.1

import path from 'node:path';
import { at } from './files.mjs';
import { dim, Explained, fail, run } from './terminal.mjs';

const vitepress = at('docs/node_modules/vitepress/bin/vitepress.js');

async function build() {
  const said = await run(process.execPath, [vitepress, 'build'], {
    cwd: at('docs'),
    env: { NO_COLOR: '1', FORCE_COLOR: '0' },
  });
  const warnings = said.split('\n').filter((line) => /\b(warn|warning|deprecat\w+)\b|\(!\)/i.test(line));
  if (warnings.length > 0) throw new Explained(`The site was built with warnings:\n${warnings.join('\n')}`);
  console.log(`  ${dim(path.relative(at('.'), at('docs/dist')))}`);
}

try {
  await build();
  const [command, port = '4173'] = process.argv.slice(2);
  if (command === 'serve')
    await run(process.execPath, [vitepress, 'serve', '--port', port], { cwd: at('docs'), show: true });
} catch (error) {
  fail(error);
}
