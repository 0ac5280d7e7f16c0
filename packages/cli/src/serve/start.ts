/** Starts the server that a configuration describes. */
import { createRealtime, memoryStore } from '@iskra/server';
import type { RealtimeOptions, Store } from '@iskra/server';
import { serve } from '@iskra/server/node';
import type { Renewal, ServeOptions, Serving } from '@iskra/server/node';
import type { Config } from '../config/schema.js';
import { explainListening } from '../listening.js';
import { Failure } from '../usage.js';

/** Rejects with a `Failure` where it cannot listen. */
export async function startServing(config: Config, onRenewal: (renewal: Renewal) => void): Promise<Serving> {
  const realtime = createRealtime({ ...realtimeOptions(config), store: await makeStore(config) });
  try {
    return await serve(realtime, serveOptions(config, onRenewal));
  } catch (error) {
    await realtime.close();
    throw explainTls(error, config) ?? explainListening(error, { port: config.port, hostname: config.host });
  }
}

/** For `createRealtime`, without a store. */
export function realtimeOptions(config: Config): RealtimeOptions {
  const { nodeName, origins, allowNoOrigin, trustedProxies, secret, log, metrics, limits, times } = config;
  const { presence: _, ...ours } = times;
  return {
    allowNoOrigin,
    trustedProxies,
    metrics,
    limits,
    times: ours,
    logger: log.level,
    ...(nodeName !== undefined && { node: nodeName }),
    ...(origins !== undefined && { origins }),
    ...(secret !== undefined && { secret: secret.split('\n').map((line) => line.trim()).filter((line) => line !== '') }), // prettier-ignore
  };
}

/** For `serve`: ends in order on signals. */
export function serveOptions(config: Config, onRenewal: (renewal: Renewal) => void): ServeOptions {
  const { port, host, path, shutdown, tls } = config;
  return {
    ...{ port, path, hostname: host, signals: true },
    ...{ shutdownTimeout: shutdown.timeout, shutdownNotice: shutdown.notice },
    ...(tls.cert !== undefined &&
      tls.key !== undefined && { tls: { cert: tls.cert, key: tls.key, onRenewal } }),
  };
}

async function makeStore({ redis, times, retention, inbox, memory }: Config): Promise<Store> {
  const kept = { window: times.window, presenceWindow: times.presence, retention, inbox };
  const { url, cluster, prefix, durability, timeout } = redis;
  if (url === undefined) return memoryStore({ ...kept, maxBytes: memory.maxBytes });
  // Loaded by those alone who asked for it.
  const { redisStore } = await import('@iskra/server/redis');
  return redisStore({ ...kept, url, prefix, durability, timeout, ...(cluster !== undefined && { cluster }) });
}

/** Why OpenSSL takes no such pair, though it is one. */
function explainTls(error: unknown, { tls }: Config): Failure | undefined {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (!/^ERR_(OSSL|SSL)/.test(code)) return undefined;
  return new Failure(
    `The certificate of ${tls.cert} cannot be used: ${message}. Usually its key is too short; make one of 256 bits on a curve, or of 2048 with RSA.`,
  );
}
