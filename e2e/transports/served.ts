/** What a process of its own serves: a realtime, the page in which browsers run the client, and verbs for the tests. */
import { createRealtime, memoryStore, Refusal } from '@iskra/server';
import type { RealtimeOptions } from '@iskra/server';
import { Hono } from 'hono';
import { expose } from './child.js';

export interface ServeConfig {
  /** The script of the page. */
  script?: string;
  times?: RealtimeOptions['times'];
  limits?: RealtimeOptions['limits'];
  /** Behind a proxy that asks with a host of its own. */
  origins?: RealtimeOptions['origins'];
}

/** A schema by hand: any Standard Schema will do. */
const schema = <Value>(issueOf: (value: unknown) => { message: string; path: string[] } | undefined) => ({
  '~standard': {
    version: 1 as const,
    vendor: 'e2e',
    validate: (value: unknown) => {
      const issue = issueOf(value);
      return issue === undefined ? { value: value as Value } : { issues: [issue] };
    },
  },
});
const said = schema<{ text: string }>((value) =>
  typeof (value as { text?: unknown } | null)?.text === 'string'
    ? undefined
    : { message: 'a text is asked for', path: ['text'] },
);
const numbered = schema<{ n: number }>(() => undefined);
const anything = schema<unknown>(() => undefined);

/** @param options what the way of serving asks for */
export function createServed(options: Pick<RealtimeOptions, 'getConnInfo' | 'upgradeWebSocket'> = {}) {
  const { script = '', times, limits, origins } = JSON.parse(process.argv[2] ?? '{}') as ServeConfig;
  const realtime = createRealtime({
    contract: {
      channels: { 'room:{id}': { said, numbered } },
      requests: {
        echo: { input: anything, output: anything },
        refuse: { input: anything, output: anything },
        hold: { input: anything, output: anything },
      },
    },
    store: memoryStore({
      ...(times?.window && { window: times.window }),
      retention: { entries: 5_000, bytes: 16 * 1024 * 1024 },
    }),
    limits: { sendRate: { perSecond: 2_000, burst: 4_000 }, ...limits },
    logger: false,
    ...(times && { times }),
    ...(origins && { origins }),
    ...options,
  });
  realtime.handle('echo', (input) => input);
  const held: (() => void)[] = [];
  realtime.handle('hold', (input) => new Promise((resolve) => held.push(() => resolve(input))));
  realtime.handle('refuse', () => {
    throw new Refusal('forbidden', 'That door is shut.', 'payload.door');
  });

  const page = new Hono();
  page.get('/elsewhere', (c) => c.html('<!doctype html><meta charset="utf-8"><title>Elsewhere</title>'));
  page.get('/', (c) =>
    c.html('<!doctype html><meta charset="utf-8"><title>Iskra</title><script src="/page.js"></script>'),
  );
  page.get('/page.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }));
  page.get('/favicon.ico', (c) => c.body(null, 204));

  const verbs = {
    say: (channel: `room:${string}`, text: string) => realtime.publish(channel, 'said', { text }),
    /** Publishes `{ n }` for each n of the range, with a pause of so many ms between them. */
    async publishNumbers(channel: `room:${string}`, from: number, to: number, pause = 0): Promise<void> {
      for (let n = from; n <= to; n++) {
        await realtime.publish(channel, 'numbered', { n });
        if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      }
    },
    /** The deltas and payloads of a channel, oldest first. */
    history: async (channel: `room:${string}`) =>
      (await realtime.history(channel, 5_000)).map(({ position, envelope: { delta, payload } }) => ({
        position,
        delta,
        payload: payload as Record<string, unknown>,
      })),
    /** Answers the requests that are held; how many. */
    release: (): number => held.splice(0).map((answer) => answer()).length,
    drain: (timeout: number) => realtime.drain({ timeout }),
    members: (channel: `room:${string}`) => realtime.members(channel),
  };

  return { realtime, page, verbs };
}

export type ServeVerbs = ReturnType<typeof createServed>['verbs'] & { port(): number };

/** From now on the tests can call the verbs. */
export function exposeServed({ verbs }: ReturnType<typeof createServed>, port: number): void {
  expose({ ...verbs, port: () => port } satisfies ServeVerbs);
}
