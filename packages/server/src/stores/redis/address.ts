/** PURE. Where a Redis is, from its URL; and what it answers when it refuses, with what to do about it. */
import type { RedisOptions } from 'ioredis';
import { codeOf, ToldError } from '../../observe/failure.js';

/** The nodes of one Redis, from what its user gave. */
export function urlsOf(given: string | readonly string[]): string[] {
  const urls = (typeof given === 'string' ? given.split(',') : [...given]).map((url) => url.trim());
  for (const url of urls) {
    if (/^rediss?:\/\/./.test(url) && URL.canParse(url)) continue;
    throw new TypeError(
      `"${url.replace(/\/\/[^@/]*@/, '//')}" is no URL of a Redis; it must be like redis://127.0.0.1:6379, rediss://user:password@host:6379, or several of them with commas between.`,
    );
  }
  return urls;
}

export function addressOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? 6379 : Number(port) };
}

export function optionsOf(url: string): RedisOptions {
  if (url === '') return {};
  const { protocol, username, password, pathname } = new URL(url);
  return {
    ...addressOf(url),
    ...(username !== '' && { username: decodeURIComponent(username) }),
    ...(password !== '' && { password: decodeURIComponent(password) }),
    ...(pathname.length > 1 && { db: Number(pathname.slice(1)) }),
    ...(protocol === 'rediss:' && { tls: {} }),
  };
}

/** What Redis answered, with what to do about it. */
export function explain(name: string, error: Error): Error {
  const cure = [
    ['OOM', 'Its maxmemory is reached. Give it more, or let logs keep less (retention of the store).'],
    [
      'READONLY',
      'It is a replica. Name the primary, or its sentinels; it is asked again behind a new connection.',
    ],
    ['MISCONF', 'It cannot save its data, and refuses to take more. Look at its disk and its log.'],
    [
      'NOPERM',
      'Its user may not do that; it needs EVALSHA, EVAL, SCRIPT LOAD, INFO, and the keys and channels of the prefix.',
    ],
    ['NOAUTH', 'It asks for a password; put one into the URL.'],
    ['compiling script', 'It has to be Redis 7, or a Valkey, or newer.'],
    ['WRONGTYPE', 'Somebody else writes to keys of this prefix; choose another one.'],
  ].find(([word = '']) => error.message.includes(word));
  // Not as its cause: what ioredis hands on has the whole script with it.
  const say = (what: string): string =>
    `Redis did not do ${name}: ${what}${cure === undefined ? '' : ` ${cure[1]}`}`;
  return new ToldError(say(error.message), say(inShort(error)));
}

/** Words with which answers of Redis begin. What follows them may repeat what it was given. */
const WORDS = new Set(
  (
    'ASK BUSY CLUSTERDOWN CROSSSLOT ERR EXECABORT LOADING MASTERDOWN MISCONF MOVED NOAUTH NOPERM NOREPLICAS NOSCRIPT OOM ' +
    'READONLY TRYAGAIN UNKILLABLE WRONGPASS WRONGTYPE'
  ).split(' '),
);

/** An error of the way to Redis, or of Redis, in words that nothing of ours or of a user's can be in. */
export function inShort(error: Error): string {
  const [word = ''] = error.message.split(' ');
  return codeOf(error) ?? (WORDS.has(word) ? word : 'an error without a code');
}
