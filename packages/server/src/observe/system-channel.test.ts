import { describe, expect, test } from 'vitest';
import { defineContract } from '@iskra/protocol/wire';
import type { Envelope } from '@iskra/protocol/wire';
import { createRealtime } from '../realtime.js';
import type { RealtimeOptions } from '../realtime.js';

type Frame = [tag: string, ...rest: unknown[]];

const NONCE = 'n'.repeat(22);
const ENVELOPE = { dimension: 1, omega: 1, lambda: 'continue' };

/** A page that polls a realtime without a socket. */
async function page(options: RealtimeOptions) {
  const realtime = createRealtime({ logger: false, ...options });
  const ask = async (...frames: unknown[]): Promise<Frame[]> => {
    const response = await realtime.app.request('/poll', { method: 'POST', body: JSON.stringify(frames) });
    return (await response.json()) as Frame[];
  };
  const [first] = await ask(['hello', { version: 1, nonce: NONCE, auth: 'ann' }]);
  const welcome = first![1] as Envelope<{ key: string; generation: number }>;
  const { key, generation } = welcome.payload!;
  return {
    realtime,
    goOn: (cursors: object, ...sends: unknown[]) =>
      ask(['continue', { nonce: NONCE, key, generation, wait: 0, cursors }], ...sends),
  };
}

/** What a send came to, by its number. */
const outcome = (frames: readonly Frame[], number: number) =>
  frames.flatMap(([tag, channel, , , envelope, answers]) =>
    tag === 'entry' && channel === '@' && answers === number ? [envelope as Envelope] : [],
  )[0];

const READ = ['subscribe', 1, '@system', {}];

describe('the channel @system', () => {
  test.each([
    ['without the option', {}],
    ['whatever authorize says', { authorize: () => true }],
    ['when the option says no', { systemEvents: () => false }],
    ['when the option says something that is not true', { systemEvents: () => 'yes' as unknown as boolean }],
    [
      'when the option throws',
      {
        systemEvents: () => {
          throw new Error('no');
        },
      },
    ],
  ])('is read by nobody %s (P80)', async (_, options: RealtimeOptions) => {
    const { realtime, goOn } = await page(options);
    expect(outcome(await goOn({}, READ), 1)).toMatchObject({
      delta: 'forbidden',
      payload: { field: 'channel' },
    });
    const cursors = { '@system': ['e', 1] };
    expect(await goOn(cursors)).toContainEqual(['gap', '@system', 'denied', ['e', 1], ['e', 1]]);
    await realtime.close();
  });

  test('tells what happens on the server to whom it is allowed, whatever authorize and the contract say (P80)', async () => {
    const contract = defineContract({ channels: {} });
    const { realtime, goOn } = await page({
      ...{ contract: contract as never, authorize: () => false, node: 'n1' },
      authenticate: (_request, name) => ({ subject: name as string }),
      systemEvents: ({ subject }) => subject === 'ann',
    });
    const subscribed = outcome(await goOn({}, READ), 1) as Envelope<{ position: [string, number] }>;
    const { position } = subscribed.payload!;
    await goOn({ '@system': position }, ['publish', 2, 'room', { ...ENVELOPE, delta: 'said' }]);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    const frames = await goOn({ '@system': position, '@': ['0', 0] });
    const entries = frames.filter(([tag, channel]) => tag === 'entry' && channel === '@system');
    expect(entries.map(([, , , , envelope]) => envelope)).toMatchObject([
      {
        delta: 'forbidden',
        dimension: 1,
        lambda: 'stop',
        payload: { node: 'n1', number: 2, category: 'security' },
      },
    ]);
    await realtime.close();
  });

  test('takes nothing from clients, and lists nobody (P80)', async () => {
    const { realtime, goOn } = await page({ systemEvents: () => true });
    const frames = await goOn(
      {},
      ['publish', 1, '@system', { ...ENVELOPE, delta: 'said' }],
      ['subscribe', 2, '@system', { presence: {} }],
      ['request', 3, { ...ENVELOPE, delta: '@members', payload: { channel: '@system' } }],
      ['unsubscribe', 4, '@system'],
    );
    expect([1, 2, 3, 4].map((number) => outcome(frames, number))).toMatchObject([
      { delta: 'bad_frame', payload: { field: 'channel' } },
      { delta: 'forbidden', payload: { field: 'options.presence' } },
      { delta: 'reply', payload: { channel: '@system' } },
      { delta: 'unsubscribed' },
    ]);
    await expect(realtime.publish('@system', 'said', 1)).rejects.toThrow('A channel name has');
    await realtime.close();
  });

  test('tells nothing of being read: not of a gap in it, nor of a permission to read it that has ended (P80)', async () => {
    let allowed = true;
    const { realtime, goOn } = await page({ systemEvents: () => allowed });
    const told: string[] = [];
    const subscribed = outcome(await goOn({}, READ), 1) as Envelope<{ position: [string, number] }>;
    realtime.events.subscribe(({ delta }) => told.push(delta));
    const gap = await goOn({ '@system': ['zz', 7] });
    expect(gap).toContainEqual(expect.arrayContaining(['gap', '@system', 'epoch']));
    allowed = false;
    await goOn({ '@system': subscribed.payload!.position });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(told.filter((delta) => delta === 'gap')).toEqual([]);
    await realtime.close();
  });
});
