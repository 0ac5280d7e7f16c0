import { Parser } from '@asyncapi/parser';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { asyncApi, jsonSchemas } from './asyncapi.js';
import type { UnsaidSchema } from './asyncapi.js';
import { compileContract, defineContract } from './contract.js';
import type { Contract, Schema } from './contract.js';

interface Tree {
  label: string;
  below: Tree[];
}
const tree: z.ZodType<Tree> = z.object({ label: z.string(), get below() { return z.array(tree); } }); // prettier-ignore

const contract = defineContract({
  channels: {
    'room:{id}:{part}': {
      said: z.object({ text: z.string().trim().min(1) }),
      counted: z.object({ n: z.int().default(1) }),
      left: z.undefined(),
    },
    room_id_part: { grew: tree },
  },
  requests: { 'rename!': { input: z.object({ to: z.string() }), output: z.object({ was: z.string() }) } },
});

const options = {
  title: 'Rooms',
  version: '1.2.3',
  servers: { live: 'https://chat.example/realtime/', local: 'ws://localhost:8000' },
};

const mute = (
  vendor: string,
  validate: Schema['~standard']['validate'] = (value) => ({ value }),
): Schema => ({
  '~standard': { version: 1, vendor, validate },
});
/** AsyncAPI's own parser takes seconds for its first document. */
let parsed: Awaited<ReturnType<Parser['parse']>>;
beforeAll(async () => {
  parsed = await new Parser().parse(JSON.stringify(asyncApi(contract, options)));
}, 60_000);

describe('an AsyncAPI document', () => {
  it('is one, as its own parser says', () => {
    expect(parsed.diagnostics.filter(({ severity }) => severity < 2)).toEqual([]);
    const channels = parsed.document!.channels().all();
    expect(channels.map((one) => one.address())).toEqual(['room:{id}:{part}', 'room_id_part', null]);
  });

  it.each([
    ['client', 'send', 'receive'],
    ['server', 'receive', 'send'],
  ] as const)('says what a %s does', (view, up, down) => {
    const { operations } = asyncApi(contract, { ...options, view });
    expect(Object.entries(operations).map(([name, { action }]) => [name, action])).toEqual([
      ['publish.room_id_part', up],
      ['subscribe.room_id_part', down],
      ['publish.room_id_part_2', up],
      ['subscribe.room_id_part_2', down],
      ['requests.rename', up],
    ]);
  });

  it('has the parameters of each channel, its messages, and the reply to each request', () => {
    const document = parsed.document!;
    const room = document.channels().get('room_id_part')!;
    const ids = (all: { all(): { id(): string }[] }): string[] => all.all().map((one) => one.id());
    expect(ids(room.parameters())).toEqual(['id', 'part']);
    expect(ids(room.messages())).toEqual(['said', 'counted', 'counted.input', 'left']);
    expect(
      room
        .bindings()
        .all()
        .map((one) => one.protocol()),
    ).toEqual(['ws']);
    expect(ids(document.operations().get('publish.room_id_part')!.messages())).toContain('counted.input');
    expect(ids(document.operations().get('subscribe.room_id_part')!.messages())).not.toContain(
      'counted.input',
    );
    expect(ids(document.operations().get('requests.rename')!.reply()!.messages())).toEqual(['reply']);
  });

  it('names servers by where their WebSocket is', () => {
    expect(asyncApi(contract, options).servers).toMatchObject({
      live: { host: 'chat.example', pathname: '/realtime/ws', protocol: 'wss' },
      local: { host: 'localhost:8000', pathname: '/ws', protocol: 'ws' },
    });
    expect(() => asyncApi(contract, { ...options, servers: { bad: 'chat.example' } })).toThrow(
      /"chat\.example"/,
    );
  });

  it('says of envelopes what the wire does, with the payload of the contract', () => {
    const { components } = asyncApi(contract, options);
    const payloadOf = (name: string) => components.messages[name]?.['payload'] as Record<string, unknown>;
    expect(payloadOf('room_id_part.said')).toMatchObject({
      properties: { delta: { const: 'said' }, omega: { minimum: 0, maximum: 1 } },
      required: ['delta', 'dimension', 'omega', 'lambda', 'payload'],
      additionalProperties: false,
    });
    expect(payloadOf('room_id_part.left')['required']).not.toContain('payload');
    expect(components.schemas['room_id_part.left']).toEqual({ not: {} });
    // What is published may leave out what the schema fills in; what arrives has it.
    expect(components.schemas['room_id_part.counted.input']).not.toHaveProperty('required');
    expect(components.schemas['room_id_part.counted']).toMatchObject({ required: ['n'] });
  });

  it('has no servers where none are named', () => {
    const document = asyncApi({ channels: { news: { item: z.string() } } }, { title: 'News', version: '1' });
    expect(document).not.toHaveProperty('servers');
    expect(Object.keys(document.operations)).toEqual(['publish.news', 'subscribe.news']);
  });
});

describe('JSON Schema', () => {
  it('is a document whose definitions are found by their names, also by themselves', () => {
    const { $schema, $defs } = jsonSchemas(contract);
    expect($schema).toBe('https://json-schema.org/draft/2020-12/schema');
    expect(Object.keys($defs)).toEqual([
      'room_id_part.said',
      'room_id_part.counted',
      'room_id_part.counted.input',
      'room_id_part.left',
      'room_id_part_2.grew',
      'requests.rename.request',
      'requests.rename.reply',
    ]);
    const references = [...JSON.stringify($defs).matchAll(/"\$ref":"([^"]*)"/g)].map(([, to]) => to!);
    expect(references.length).toBeGreaterThan(0);
    for (const to of references) {
      const found = to
        .slice(2)
        .split('/')
        .reduce<unknown>((from, name) => (from as Record<string, unknown>)[name], { $defs });
      expect(found, to).toBeTypeOf('object');
    }
  });

  it('lets everything pass where a schema cannot say what it lets pass, and tells it', () => {
    const unsaid: UnsaidSchema[] = [];
    const odd: Contract = { channels: { news: { item: mute('mine'), born: z.date() } } };
    const { $defs } = jsonSchemas(odd, { onUnsaid: (one) => unsaid.push(one) });
    expect($defs).toEqual({ 'news.item': {}, 'news.born': {} });
    expect(unsaid.map(({ where, vendor, side }) => `${where} ${vendor} ${side}`)).toEqual([
      'channels.news.item mine output',
      'channels.news.item mine input',
      'channels.news.born zod output',
      'channels.news.born zod input',
    ]);
    expect(unsaid[0]!.why).toContain('`convert`');
    expect(unsaid[2]!.why).toMatch(/date/i);
  });

  it('is what `convert` gives, where that gives something', () => {
    const given = { channels: { news: { item: mute('mine'), other: z.string() } } };
    const convert = (schema: Schema) =>
      schema['~standard'].vendor === 'mine' ? { type: 'number' } : undefined;
    expect(jsonSchemas(given, { convert }).$defs).toEqual({
      'news.item': { type: 'number' },
      'news.other': { type: 'string' },
    });
  });

  it('asks no schema that has to wait whether nothing passes', () => {
    const slow = mute('slow', (value) => Promise.resolve({ value }));
    const { components } = asyncApi({ channels: { news: { item: slow } } }, options);
    expect(components.messages['news.item']).toMatchObject({
      payload: { required: expect.arrayContaining(['payload']) as string[] },
    });
  });

  it('leaves nothing behind of a schema that has to wait and then throws', async () => {
    let asked = 0;
    const broken = mute('broken', () => {
      asked++;
      return Promise.reject(new Error('no database'));
    });
    expect(jsonSchemas({ channels: { news: { item: broken } } }).$defs).toEqual({ 'news.item': {} });
    // A rejection that nobody hears ends a process.
    await new Promise((resolve) => setImmediate(resolve));
    expect(asked).toBeGreaterThan(0);
  });

  it('is of a contract that checks the same', async () => {
    const check = compileContract(contract);
    expect(await check.payload('room:7:a', 'left', undefined)).toMatchObject({ ok: true });
    expect(await check.payload('room:7:a', 'left', 1)).toMatchObject({ ok: false });
  });
});
