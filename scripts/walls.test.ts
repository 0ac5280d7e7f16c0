// Plants one violation of each wall and asks the linter, with the real configuration, what it says about it.

import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

interface Case {
  file: string;
  code: string;
  /** A part of the sentence that the linter must say, or nothing where the code must pass. */
  says?: string;
}

/** What the linter reports. Depending on the rule, our sentence is its message or its help. */
interface Said {
  filename: string;
  message: string;
  help?: string;
}

const noMatter = 'export const nothing = 0;';
const cases: Case[] = [
  { file: 'packages/protocol/src/codec.ts', code: "export * from 'zod';", says: 'zod in envelope.ts' },
  {
    file: 'packages/protocol/src/codec.ts',
    code: "export * from 'node:buffer';",
    says: 'imports its own files',
  },
  { file: 'packages/protocol/src/envelope.ts', code: "export * from 'zod';" },
  { file: 'packages/protocol/src/frame.ts', code: "export * from 'hono';", says: 'imports its own files' },
  { file: 'packages/protocol/src/codec.ts', code: "export * from './frame.js';" },
  {
    file: 'packages/client/src/channel.ts',
    code: "export * from '@iskra/server';",
    says: 'never imports the server',
  },
  {
    file: 'packages/client/src/channel.ts',
    code: "export * from '@iskra/protocol';",
    says: 'with `import type`',
  },
  { file: 'packages/client/src/channel.ts', code: "export type * from '@iskra/protocol';" },
  { file: 'packages/client/src/channel.ts', code: "export * from '@iskra/protocol/wire';" },
  { file: 'packages/client/src/channel.ts', code: "export * from 'zod/mini';", says: 'cost every browser' },
  { file: 'packages/client/src/channel.ts', code: "export * from 'hono/ws';", says: 'environment.ts' },
  { file: 'packages/client/src/channel.ts', code: "export * from 'node:http';", says: 'environment.ts' },
  {
    file: 'packages/client/src/channel.ts',
    code: "export const late = () => import('ws');",
    says: 'environment.ts',
  },
  { file: 'packages/client/src/channel.ts', code: "export * from 'left-pad';", says: 'has one dependency' },
  { file: 'packages/client/src/react.ts', code: "export * from 'react';" },
  { file: 'packages/client/src/react.ts', code: "export * from 'vue';", says: 'has one dependency' },
  { file: 'packages/client/src/world.ts', code: "export * from '@iskra/server/testing';" },
  { file: 'packages/client/src/world.ts', code: "export * from 'hono/ws';", says: 'environment.ts' },
  {
    file: 'packages/client/src/bindings/store.ts',
    code: "export * from 'react';",
    says: 'known in react.ts',
  },
  {
    file: 'packages/client/src/session.test.ts',
    code: "export * from '@iskra/server';",
    says: 'never imports the server',
  },
  {
    file: 'packages/server/src/hub.ts',
    code: "export * from '@iskra/client';",
    says: 'never imports the client',
  },
  {
    file: 'packages/server/src/hub.test.ts',
    code: "export * from '@iskra/client';",
    says: 'never imports the client',
  },
  { file: 'packages/server/src/hub.ts', code: "export * from 'ws';", says: 'Bun and Deno' },
  { file: 'packages/server/src/hub.ts', code: "export * from 'prom-client';", says: 'Count plain numbers' },
  { file: 'packages/server/src/otel.ts', code: "export * from '@opentelemetry/api';" },
  { file: 'packages/server/src/node.ts', code: "export * from 'ws';" },
  { file: 'packages/server/src/transports/websocket.ts', code: "export * from 'ws';" },
  {
    file: 'packages/server/src/node.ts',
    code: "export * from '@iskra/client';",
    says: 'never imports the client',
  },
  {
    file: 'packages/chaos/src/box.ts',
    code: "export * from '@iskra/protocol';",
    says: 'knows nothing of Iskra',
  },
  { file: 'packages/chaos/src/box.ts', code: "export * from 'ws';", says: 'knows nothing of Iskra' },
  { file: 'packages/chaos/src/box.ts', code: "export * from 'node:net';" },
  {
    file: 'packages/cli/src/main.ts',
    code: "export * from '@iskra/server/dist/hub.js';",
    says: 'Import the public name',
  },
  {
    file: 'e2e/open.ts',
    code: "export * from '../packages/client/src/session.js';",
    says: 'Import the public name',
  },
  { file: 'e2e/open.ts', code: "export * from '@iskra/client';" },
  {
    file: 'packages/server/src/hub.ts',
    code: "export * from '@iskra/bench';",
    says: 'nothing stands on them',
  },
  { file: 'bench/main.ts', code: "export * from '../e2e/proxy.js';", says: 'nothing stands on them' },
  ...[
    'packages/protocol/src/cursor.ts',
    'packages/client/src/policy.ts',
    'packages/server/src/session.ts',
    'packages/chaos/src/pace.ts',
  ].flatMap((file): Case[] => [
    { file, code: 'export const now = Date.now();', says: 'is told the time' },
    { file, code: 'export const now = globalThis.performance.now();', says: 'is told the time' },
    { file, code: 'export const dice = Math.random();', says: 'rolls no dice' },
    { file, code: 'export const { random } = Math;', says: 'rolls no dice' },
    { file, code: 'setTimeout(() => undefined, 1);', says: 'arms no timer' },
    { file, code: 'queueMicrotask(() => undefined);', says: 'arms no timer' },
    { file, code: "export const answer = fetch('/');", says: 'return an effect' },
    { file, code: "console.log('here');", says: 'return an effect' },
    { file, code: noMatter },
  ]),
  { file: 'packages/protocol/src/machine.ts', code: 'setTimeout(() => undefined, 1);' },
  { file: 'packages/client/src/policy.test.ts', code: 'export const now = Date.now();' },
  { file: 'packages/client/src/client.ts', code: 'export const now = Date.now();' },
];

/** Two cases may be about the same file, so each lives in a small repository of its own. */
const nameOf = (index: number) => `case-${index}`;

describe('the import walls and the pure files', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'iskra-walls-'));
  const root = fileURLToPath(new URL('..', import.meta.url));
  const said = new Map<string, string>();

  beforeAll(() => {
    // The rules without type information: planted files have no project around them, and speed matters here.
    const config = pathToFileURL(path.join(root, 'oxlint.config.mjs')).href;
    writeFileSync(
      path.join(folder, 'oxlint.config.mjs'),
      `import config from ${JSON.stringify(config)};
       const inAnyCase = (globs) => globs?.map((glob) => (glob.startsWith('**/') ? glob : 'case-*/' + glob));
       const overrides = config.overrides.map((each) =>
         ({ ...each, files: inAnyCase(each.files), excludeFiles: inAnyCase(each.excludeFiles) }));
       export default { ...config, options: {}, overrides };`,
    );
    for (const [index, { file, code }] of cases.entries()) {
      const planted = path.join(folder, nameOf(index), file);
      mkdirSync(path.dirname(planted), { recursive: true });
      writeFileSync(planted, `${code}\n`);
    }
    for (const { filename, message, help } of lint()) {
      const name = filename.split(path.sep).find((part) => part.startsWith('case-')) ?? filename;
      said.set(name, `${said.get(name) ?? ''}${message} ${help ?? ''}\n`);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function lint(): Said[] {
    const args = ['-c', 'oxlint.config.mjs', '--format', 'json'];
    try {
      return JSON.parse(
        execFileSync(path.join(root, 'node_modules/.bin/oxlint'), args, { cwd: folder, encoding: 'utf8' }),
      ).diagnostics;
    } catch (error) {
      return JSON.parse((error as { stdout: string }).stdout).diagnostics;
    }
  }

  it.each(cases.map((each, index) => ({ ...each, index })))('$file: $code', ({ index, says }) => {
    if (says === undefined) expect(said.get(nameOf(index))).toBeUndefined();
    else expect(said.get(nameOf(index))).toContain(says);
  });
});
