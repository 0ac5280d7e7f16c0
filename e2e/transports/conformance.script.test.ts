/** The transport suite over the minified script tag: a name that the build took away must not be missed. */
import type * as Iskra from '@iskra/client';
import { vi } from 'vitest';
import { inNode } from '../browser/places.js';
import { transportConformance } from './conformance.js';

declare const iskra: typeof Iskra;

vi.mock('@iskra/client', async (whole) => {
  const { ClosedError, OutcomeUnknown, QueueFull, RequestTimeout } = await whole<typeof Iskra>();
  const named = (name: string) => (error: unknown) => (error as { code?: string } | null)?.code === name;
  const ask = (Class: object, code: string) =>
    Object.defineProperty(Class, Symbol.hasInstance, { value: named(code) });
  // @ts-expect-error A script has no types.
  await import('@iskra/client/script');
  return {
    // What it has no class for is told apart by its code.
    ClosedError: ask(ClosedError, 'closed'),
    OutcomeUnknown: ask(OutcomeUnknown, 'outcome_unknown'),
    QueueFull: ask(QueueFull, 'queue_full'),
    RequestTimeout: ask(RequestTimeout, 'request_timeout'),
    SendError: iskra.SendError,
    connect(...given: Parameters<typeof Iskra.connect>): Iskra.Client {
      const client = iskra.connect(...given);
      const { on, channel } = client;
      // The core has no system events, keeps no member lists and does not explain itself: what the suite wants of
      // them stands in.
      return Object.assign(client, {
        channel: ((name: string) =>
          Object.assign(channel(name), { members: [], onMembers: () => () => {} })) as typeof channel,
        explain: () => ({ attempts: [{}] }) as never,
        on: ((name: 'system', listener: (envelope: object) => void) =>
          name === 'system'
            ? on('session', ({ lost }) => lost && listener({ delta: 'session_lost' }))
            : on(name, listener)) as Iskra.Client['on'],
      });
    },
  };
});

transportConformance('the script tag', inNode(), { hasMembers: false });
