import { describe, expect, test } from 'vitest';
import { connect as connectCore } from './client.js';
import { devtools } from './devtools.js';
import type { Client } from './connect.js';
import { scene } from './testing.js';

describe('devtools', () => {
  test('refuse what they cannot show, and say why', () => {
    const client = connectCore('http://host/realtime', { environment: { WebSocket: undefined } });
    expect(() => devtools(client as unknown as Client)).toThrow(
      expect.objectContaining({ code: 'client', message: expect.stringContaining('@iskra/client/core') }),
    );
    void client.close();
  });

  test('do nothing where there is no document, and are taken away without a trace', async () => {
    const { client, welcome } = await scene();
    const remove = devtools(client);
    welcome();
    remove();
    expect(client.status.state).toBe('connected');
  });

  test('leave a client that prints no more than it did', async () => {
    const { client, welcome } = await scene();
    welcome();
    expect(Reflect.ownKeys(client).filter((key) => typeof key === 'symbol')).toEqual([]);
    expect(JSON.stringify(client)).not.toContain('"key"');
  });
});
