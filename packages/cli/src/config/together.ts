/** What is right by itself, and wrong with the rest of the configuration. */
import { checkCertificate } from '@iskra/server/node';
import type { Layer } from './layer.js';
import { mistake } from './mistakes.js';
import type { Mistake } from './mistakes.js';
import { settingOf } from './schema.js';
import type { Config } from './schema.js';
import { readText } from './world.js';
import type { World } from './world.js';

/** @param layerOf where the value of a setting is from; undefined for a default */
export function wrongTogether(
  config: Config,
  layerOf: (key: string) => Layer | undefined,
  world: World,
): Mistake[] {
  const { redis, secret, shutdown, tls } = config;
  const about = (key: string, what: string, cure: string): Mistake[] => {
    const layer = layerOf(key);
    const setting = settingOf(key)!;
    return layer === undefined ? [] : [mistake(layer, setting, what, cure)];
  };
  const mistakes: Mistake[] = [];
  if (redis.url !== undefined && secret === undefined) {
    mistakes.push(
      ...about(
        'redis.url',
        "needs SECRET, the same for all nodes: a session's key is signed with it, and every node has to accept it",
        'make one with openssl rand -base64 32, and set SECRET, or SECRET_FILE for a file that holds it',
      ),
    );
  }
  if (shutdown.timeout > 0 && shutdown.notice >= shutdown.timeout) {
    mistakes.push(
      ...about(
        'shutdown.notice',
        `is not shorter than shutdown.timeout, ${settingOf('shutdown.timeout')!.kind.write(shutdown.timeout)}`,
        'the time runs from the signal, so clients would be told when it is over',
      ),
    );
  }
  if (tls.cert !== undefined && tls.key === undefined) {
    mistakes.push(...about('tls.cert', 'needs its private key', 'set tls.key, TLS_KEY or --tls-key'));
  } else if (tls.key !== undefined && tls.cert === undefined) {
    mistakes.push(...about('tls.key', 'needs its certificate', 'set tls.cert, TLS_CERT or --tls-cert'));
  } else if (tls.cert !== undefined && tls.key !== undefined) {
    const wrong = wrongPair(world, tls.cert, tls.key);
    if (wrong !== undefined) mistakes.push(...about(wrong.of, wrong.what, wrong.cure));
  }
  return mistakes;
}

function wrongPair(world: World, cert: string, key: string) {
  const texts = [readText(world, cert), readText(world, key)] as const;
  const [certText, keyText] = texts;
  const missing = 'create it, or correct the name';
  if (typeof certText !== 'string')
    return { of: 'tls.cert', what: `is ${cert}, which ${certText.why}`, cure: missing };
  if (typeof keyText !== 'string')
    return { of: 'tls.key', what: `is ${key}, which ${keyText.why}`, cure: missing };
  const wrong = checkCertificate(certText, keyText);
  return wrong === undefined
    ? undefined
    : { of: wrong.of === 'cert' ? 'tls.cert' : 'tls.key', what: `is ${wrong.of === 'cert' ? cert : key}, which ${wrong.what}`, cure: wrong.cure }; // prettier-ignore
}
