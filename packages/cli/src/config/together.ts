/** What is right by itself, and wrong with the rest of the configuration. */
import { LEAST_SILENCE } from '@iskra/server';
import { checkCertificate } from '@iskra/server/node';
import { settingOf } from './schema.js';
import type { Config } from './schema.js';
import { readText } from './world.js';
import type { World } from './world.js';

/** Says what is wrong with a setting, wherever it was said. */
export type Blame = (key: string, what: string, cure: string) => void;

/** @param hasSecret also when it is wrong, which is told already */
export function blameTogether(
  { redis, shutdown, times, tls }: Config,
  hasSecret: boolean,
  world: World,
  blame: Blame,
): void {
  if (redis.url !== undefined && !hasSecret) {
    blame(
      'redis.url',
      "needs SECRET, the same for all nodes: a session's key is signed with it, and every node has to accept it",
      'make one with openssl rand -base64 32, and set SECRET, or SECRET_FILE for a file that holds it',
    );
  }
  if (shutdown.timeout > 0 && shutdown.notice >= shutdown.timeout) {
    const timeout = settingOf('shutdown.timeout')!.kind.write(shutdown.timeout);
    blame(
      'shutdown.notice',
      `is not shorter than shutdown.timeout, ${timeout}`,
      'the time runs from the signal, so clients would be told when it is over',
    );
  }
  const { heartbeat, silence } = times;
  const least = heartbeat * LEAST_SILENCE;
  if (silence !== undefined && silence < least) {
    const { write } = settingOf('times.heartbeat')!.kind;
    blame(
      'times.silence',
      `is shorter than one and a half times.heartbeat, ${write(least)}`,
      'clients that rest answer each heartbeat and say nothing else, so all of them would be closed',
    );
  }
  blameCertificate(tls, world, blame);
}

function blameCertificate({ cert, key }: Config['tls'], world: World, blame: Blame): void {
  if (cert === undefined && key === undefined) return;
  if (key === undefined)
    return blame('tls.cert', 'needs its private key', 'set tls.key, TLS_KEY or --tls-key');
  if (cert === undefined)
    return blame('tls.key', 'needs its certificate', 'set tls.cert, TLS_CERT or --tls-cert');
  const files = { cert, key };
  const [certText, keyText] = [readText(world, cert), readText(world, key)];
  for (const [of, text] of [
    ['cert', certText],
    ['key', keyText],
  ] as const) {
    if (typeof text === 'string') continue;
    blame(`tls.${of}`, `is ${files[of]}, which ${text.why}`, 'create it, or correct the name');
  }
  if (typeof certText !== 'string' || typeof keyText !== 'string') return;
  const wrong = checkCertificate(certText, keyText);
  if (wrong !== undefined) blame(`tls.${wrong.of}`, `is ${files[wrong.of]}, which ${wrong.what}`, wrong.cure);
}
