import { expect, it } from 'vitest';
import { worldWith } from './config/fixture.js';
import { loadConfig } from './config/load.js';
import { realtimeOptions, serveOptions } from './serve/start.js';

const configOf = (env: Record<string, string>) => loadConfig(worldWith({ env })).config!;
const nobody = (): void => {};

it('leaves to a server what nobody said', () => {
  const options = realtimeOptions(configOf({}));
  for (const name of ['node', 'origins', 'secret'] as const) expect(options).not.toHaveProperty(name);
  expect(serveOptions(configOf({}), nobody)).toEqual({
    ...{ port: 8_000, hostname: '0.0.0.0', path: '/realtime', signals: true },
    ...{ shutdownTimeout: 1_800_000, shutdownNotice: 0 },
  });
});

it('tells a server everything else, in ms and bytes', () => {
  const config = configOf({
    ...{ NODE_NAME: 'a-1', ORIGINS: 'https://a.example', ALLOW_NO_ORIGIN: 'false', TRUSTED_PROXIES: '2' },
    ...{ LOG_LEVEL: 'WARN', SECRET: 'new\r\n old\n', LIMITS_MESSAGE: '64KiB', LIMITS_OPEN_RATE_BURST: '7' },
    ...{ TIMES_HEARTBEAT: '5', TIMES_PRESENCE: '1m', METRICS: 'off', SHUTDOWN_NOTICE: '1500ms' },
  });
  expect(realtimeOptions(config)).toMatchObject({
    ...{ node: 'a-1', origins: ['https://a.example'], allowNoOrigin: false, trustedProxies: 2 },
    ...{ logger: 'warn', metrics: false, secret: ['new', 'old'] },
    limits: { message: 65_536, openRate: { perSecond: 50, burst: 7 } },
    times: { heartbeat: 5_000, window: 120_000 },
  });
  // That is the store's.
  expect(realtimeOptions(config).times).not.toHaveProperty('presence');
  expect(serveOptions(config, nobody)).toMatchObject({ shutdownNotice: 1_500 });
});
