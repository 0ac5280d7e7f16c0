/** A world of files, variables and flags that a test makes up. */
import path from 'node:path';
import type { World } from './world.js';

interface Made {
  files?: Readonly<Record<string, string>>;
  env?: Readonly<Record<string, string>>;
  /** As in `--port=1`, `--watch`. */
  flags?: readonly string[];
}

/** Everything happens in `/here`. */
export function worldWith({ files = {}, env = {}, flags = [] }: Made): World {
  const texts = new Map(Object.entries(files).map(([name, text]) => [path.resolve('/here', name), text]));
  const said = flags.map((flag): [name: string, value: string] => {
    const [, name = '', value = ''] = /^--([^=]*)=?(.*)$/.exec(flag) ?? [];
    return [name, value];
  });
  return {
    cwd: '/here',
    env,
    valuesOf: (flag) => said.filter(([name]) => name === flag).map(([, value]) => value),
    read(file) {
      const text = texts.get(file);
      if (text !== undefined) return text;
      throw Object.assign(new Error('not there'), { code: 'ENOENT' });
    },
  };
}
