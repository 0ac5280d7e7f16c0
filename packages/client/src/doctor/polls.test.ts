import type { ClientFrame, ServerFrame } from '@iskra/protocol/wire';
import { describe, expect, it } from 'vitest';
import { tryPolls } from './polls.js';
import type { Road } from './road.js';

const EPOCH = 'lq3k2a9x';

/** A way to a server that answers every send with `acked`, and gives its outcome with the answer that comes so many later. */
function roadTo(late: number): Road {
  const told = (delta: string, payload: unknown) => ({
    ...{ delta, dimension: 2, omega: 1, lambda: 'continue', payload },
  });
  const asked = new Map<number, number>();
  const answer = (frames: readonly ClientFrame[]): ServerFrame[] => {
    const [[first], second] = frames as [ClientFrame, ClientFrame | undefined];
    if (first === 'hello') {
      const welcome = { version: 1, session: 's', key: 'k', generation: 1, inbox: [EPOCH, 0], acked: 0 };
      const rest = {
        heartbeat: 20_000,
        window: 120_000,
        node: 'node',
        limits: { message: 262_144, sends: 256 },
      };
      return [['welcome', told('connection_established', { ...welcome, ...rest })]] as ServerFrame[];
    }
    if (second?.[0] !== 'unsubscribe') return [];
    const [, number] = second;
    const before = asked.get(number) ?? 0;
    asked.set(number, before + 1);
    const outcome = ['entry', '@', EPOCH, number, told('unsubscribed', {}), number];
    return [...(before < late ? [] : [outcome]), ['acked', number, EPOCH, number]] as ServerFrame[];
  };
  const none = () => Promise.resolve({ end: 'refused' as const });
  return {
    url: 'http://127.0.0.1:1/realtime',
    timeout: 1_000,
    isPage: false,
    post: (_, message) =>
      Promise.resolve({
        frames: answer(JSON.parse(message) as ClientFrame[]),
        milliseconds: 1,
        header: () => undefined,
      }),
    openSse: none,
    openWebSocket: none,
    close: () => {},
  };
}

describe('polling', () => {
  it('passes when what was done is told in the answer to the next poll, as by one of several nodes', async () => {
    expect(await tryPolls(roadTo(0), undefined, 0)).toMatchObject({ stage: 'echoed', end: 'passed' });
    expect(await tryPolls(roadTo(1), undefined, 0)).toMatchObject({ stage: 'echoed', end: 'passed' });
  });

  it('does not pass when it is never told', async () => {
    expect(await tryPolls(roadTo(Infinity), undefined, 0)).toMatchObject({
      stage: 'welcomed',
      end: 'silent',
    });
  });
});
