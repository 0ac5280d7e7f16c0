import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from './command.js';

let folder: string;
let said = '';
let complained = '';

/** Schemas in plain JavaScript, as a built contract has them: one can say itself, and one cannot. */
const MODULE = `
const schema = (jsonSchema) => ({ '~standard': { version: 1, vendor: 'plain', validate: (value) => ({ value }), jsonSchema } });
const text = schema({ input: () => ({ type: 'string' }), output: () => ({ type: 'string' }) });
export const contract = { channels: { 'room:{id}': { said: text, drawn: schema() } } };
export const other = { requests: { time: { input: text, output: text } } };
export const nothing = 7;
`;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'iskra-contract-'));
  writeFileSync(path.join(folder, 'chat.mjs'), MODULE);
  writeFileSync(path.join(folder, 'broken.mjs'), 'export const contract = {');
  writeFileSync(path.join(folder, 'empty.mjs'), 'export const one = 1;');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

beforeEach(() => {
  said = complained = '';
  vi.spyOn(console, 'log').mockImplementation((text: string) => void (said += text));
  vi.spyOn(console, 'error').mockImplementation((text: string) => void (complained += `${text}\n`));
});
afterEach(() => vi.restoreAllMocks());

const file = (name: string): string => path.join(folder, name);
const document = (): Record<string, Record<string, unknown>> => JSON.parse(said) as never;

describe('iskra contract', () => {
  it('prints an AsyncAPI document, and says what it could not say', async () => {
    expect(await run(['contract', 'asyncapi', file('chat.mjs')])).toBeUndefined();
    expect(document()).toMatchObject({
      asyncapi: '3.0.0',
      info: { title: 'chat', version: '1.0.0' },
      operations: { 'publish.room_id': { action: 'send' } },
    });
    expect(document()).not.toHaveProperty('servers');
    expect(complained).toMatch(/^channels\.room:\{id\}\.drawn lets everything pass there: .* of plain .*\n$/);
  });

  it('says of it what it is told', async () => {
    const line = ['--title', 'Chat', '--api-version', '2.0.0', '--view', 'server', '--export', 'other'];
    const servers = ['--server', 'live=https://chat.example/realtime', '--server', 'test=http://localhost:1'];
    await run(['contract', 'asyncapi', file('chat.mjs'), ...line, ...servers]);
    expect(document()).toMatchObject({
      info: { title: 'Chat', version: '2.0.0' },
      servers: { live: { host: 'chat.example' }, test: { host: 'localhost:1' } },
      operations: { 'requests.time': { action: 'receive' } },
    });
  });

  it('prints JSON Schema', async () => {
    await run(['contract', 'schema', file('chat.mjs')]);
    expect(document()['$defs']).toEqual({ 'room_id.said': { type: 'string' }, 'room_id.drawn': {} });
  });

  it.each([
    [['asyncapi', 'chat.mjs', '--export', 'absent'], 'exports no "absent"; it exports contract, '],
    [['asyncapi', 'chat.mjs', '--export', 'nothing'], 'is no contract: that has channels or requests'],
    [['asyncapi', 'empty.mjs'], 'exports no "contract" and no default; it exports one.'],
    [['asyncapi', 'broken.mjs'], 'broken.mjs cannot be loaded: '],
    [['schema', 'absent.ts'], 'here, give the built file'],
  ])('fails for %j', async ([what, name, ...rest], message) => {
    expect(await run(['contract', what!, file(name!), ...rest])).toBe(1);
    expect(complained).toContain(message);
    expect(said).toBe('');
  });

  it.each([
    [[], 'needs to know what: asyncapi or schema.'],
    [['schemas', 'x.mjs'], 'does not know "schemas". Is it schema?'],
    [['schema'], 'needs the file of a contract'],
    [['schema', 'x.mjs', '--title', 'x'], 'iskra contract schema takes no --title'],
    [['asyncapi', 'x.mjs', '--view', 'both'], '--view does not know "both". It knows client and server.'],
    [['asyncapi', 'x.mjs', '--server', 'chat.example'], '--server is "chat.example"; it looks like'],
    [['asyncapi', 'x.mjs', 'y.mjs'], 'does not know what to do with "y.mjs"'],
  ])('is used wrongly by %j', async (line, message) => {
    expect(await run(['contract', ...line])).toBe(2);
    expect(complained).toContain(message);
  });
});
