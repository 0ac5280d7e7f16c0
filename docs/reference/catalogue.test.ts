/**
 * The pages of the reference are what the sources say now. When they are not any more: `npm run unit -- docs/reference -u`
 * writes them anew.
 */
import { readFileSync } from 'node:fs';
import { CODES, Dimension } from '@iskra/protocol';
import * as protocol from '@iskra/protocol';
import { createCore } from '@iskra/server/parts';
import type { Environment } from '@iskra/server/parts';
import { expect, it } from 'vitest';
import { code, constantsOf, grouped, membersOf, optionsOf, table } from './catalogue.js';
import type { Option } from './catalogue.js';

const read = (file: string): string =>
  readFileSync(new URL(`../../packages/${file}`, import.meta.url), 'utf8');

/** Where each value is declared that takes options, and what it is called where it is used. */
const OPTIONS = [
  ['createRealtime({ … })', 'server/src/realtime.ts', 'RealtimeOptions'],
  ['createRealtime({ limits })', 'server/src/core.ts', 'Limits'],
  ['createRealtime({ times })', 'server/src/core.ts', 'Times'],
  ['memoryStore({ … })', 'server/src/stores/memory.ts', 'MemoryStoreOptions'],
  ['redisStore({ … })', 'server/src/stores/redis.ts', 'RedisStoreOptions'],
  ['memoryStore({ retention, inbox }), redisStore({ retention, inbox })', 'server/src/store.ts', 'Retention'],
  ['serve(realtime, { … })', 'server/src/node.ts', 'ServeOptions'],
  ['realtime.drain({ … })', 'server/src/drain.ts', 'DrainOptions'],
  ['connect(url, { … })', 'client/src/client.ts', 'ConnectOptions'],
  ['connect(url, { … }) of the whole client', 'client/src/connect.ts', 'ConnectOptions'],
  ['openOutbox(name, { … })', 'client/src/offline.ts', 'OutboxOptions'],
  ['channel.subscribe({ … })', 'client/src/channel.ts', 'SubscribeOptions'],
  ['channel.publish(delta, payload, { … })', 'client/src/channel.ts', 'PublishOptions'],
  ['devtools(client, { … })', 'client/src/devtools.ts', 'DevtoolsOptions'],
  ['diagnose(url, { … })', 'client/src/doctor.ts', 'DiagnoseOptions'],
  ['createTestServer({ … }), createTestWorld({ … })', 'server/src/testing/server.ts', 'TestServerOptions'],
  ['asyncApi(contract, { … })', 'protocol/src/asyncapi.ts', 'AsyncApiOptions'],
  [
    'asyncApi(contract, { … }), jsonSchemas(contract, { … })',
    'protocol/src/json-schema.ts',
    'JsonSchemaOptions',
  ],
  ['openBox({ … })', 'chaos/src/box.ts', 'BoxOptions'],
] as const;

const MADE = `<!-- Made of the sources: \`npm run unit -- docs/reference -u\` writes it anew. -->`;

it('has every option, with its type, default and unit', async () => {
  const sections = OPTIONS.map(([call, file, name]) => {
    const rows = optionsOf(read(file), name).map((option) => [
      code(option.name),
      code(option.type),
      standard(option),
      option.text,
    ]);
    expect(rows, `${name} of ${file}`).not.toEqual([]);
    return `## ${code(call)}\n\n${table(['option', 'type', 'default', 'what it is'], rows)}\n\nDeclared in [${name}](../../packages/${file}).`;
  });
  await expect(`# Every option

${MADE}

What each call takes, as its declaration says it. What happens beyond a limit, and which times belong together, is in
[limits and times](../guide/limits-and-times.md); those of \`iskra serve\` are printed by \`iskra serve --help\`.

${sections.join('\n\n')}
`).toMatchFileSnapshot('options.md');
});

it('has every code, with what a client is told to do', async () => {
  const codes = Object.entries(CODES).map(([name, { code: number, status, advice, sentence }]) => [
    code(name),
    String(number),
    String(status),
    code(advice),
    sentence,
  ]);
  const source = read('protocol/src/codes.ts');
  const advice = membersOf(source, 'Advice').map(({ name, text }) => [
    code(name),
    text,
    Object.entries(CODES)
      .filter(([, one]) => one.advice === name)
      .map(([one]) => code(one))
      .join(', '),
  ]);
  expect(advice.length).toBeGreaterThan(10);
  const levels = Object.entries(Dimension).map(([name, level]) => [String(level), name]);
  await expect(`# Codes and advice

${MADE}

A code is the delta of the envelope that carries it, and its advice is the lambda: a client obeys a code that it has never met.
The number closes a WebSocket, the status answers a request. What *you* do about each is in
[errors and codes](../guide/errors-and-codes.md).

## Codes

${table(['name', 'number', 'HTTP', 'advice', 'what happened'], codes)}

## Advice

The set is closed.

${table(['advice', 'means', 'given with'], advice)}

Those that no code gives stand in \`welcome\`, and in what the client says of itself by the event \`system\`.

## Levels

${table(['dimension', 'level'], levels)}
`).toMatchFileSnapshot('codes.md');
});

it('has every limit of the wire, with its value and its reason', async () => {
  const values = protocol as unknown as Record<string, unknown>;
  const rows = constantsOf(read('protocol/src/limits.ts')).map(({ name, text }) => {
    expect(values, `${name} is exported by @iskra/protocol`).toHaveProperty(name);
    return [
      code(name),
      typeof values[name] === 'number' ? grouped(values[name]) : code(String(values[name])),
      text,
    ];
  });
  expect(rows.length).toBeGreaterThan(20);
  await expect(`# Limits of the wire

${MADE}

What both ends agree on. Some of them a server may change, by an [option](options.md) of the same meaning, and then says so in \`welcome\`;
the others are the same everywhere.

${table(['name', 'value', 'what it is, and why'], rows)}
`).toMatchFileSnapshot('limits.md');
});

it('has defaults that are those of a node', () => {
  const environment: Environment = {
    clock: { now: () => 0, at: () => () => {} },
    wallClock: () => 0,
    defer: () => {},
    randomId: () => 'a'.repeat(22),
  };
  const { limits, times } = createCore({}, environment);
  for (const [name, values] of [
    ['Limits', limits],
    ['Times', times],
  ] as const) {
    for (const option of optionsOf(read('server/src/core.ts'), name)) {
      const value = (values as unknown as Record<string, unknown>)[option.name];
      // It follows from another one, as its docstring says.
      if (value === undefined && !option.required) continue;
      const said =
        typeof value === 'number'
          ? grouped(value)
          : Object.values(value as object)
              .map(grouped)
              .join(' a second, burst ');
      expect(`${option.name}: ${option.standard}`).toBe(`${option.name}: ${said}`);
    }
  }
});

/** `20,000 ms`; of several values, `min 500, max 20,000 (ms)`. */
function standard({ standard: value, required, unit }: Option): string {
  if (value === undefined) return (required ? 'required' : 'none') + (unit === undefined ? '' : ` (${unit})`);
  if (unit === undefined) return value;
  return /^[\d,]+$/.test(value) ? `${value} ${unit}` : `${value} (${unit})`;
}
