/**
 * Session keys: `session.mac`, where the mac binds the session to the client's
 * nonce. Nothing secret is stored: a key is checked, and made again, from the
 * server's secret alone, before the store is touched (P11).
 */
import { createHmac, timingSafeEqual } from 'node:crypto';

export interface Keys {
  sign(session: string, nonce: string): string;
  /** The session of a key, or undefined when the key is not ours or not this nonce's. */
  verify(key: string, nonce: string): string | undefined;
}

/** Verified keys that are remembered: about 2 MB. */
const MAX_VERIFIED = 10_000;

/** @param secrets the first one signs, all are accepted: a secret is changed by putting the new one in front. */
export function sessionKeys(secrets: readonly string[]): Keys {
  const mac = (secret: string, session: string, nonce: string): string =>
    createHmac('sha256', secret).update(`iskra.1 ${session} ${nonce}`).digest('base64url');
  const [current = ''] = secrets;
  /** Keys that were found good: every poll of a session shows the same one, and a mac costs as much as its store access. */
  const verified = new Map<string, { nonce: string; session: string }>();
  return {
    sign: (session, nonce) => `${session}.${mac(current, session, nonce)}`,
    verify(key, nonce) {
      const known = verified.get(key);
      if (known?.nonce === nonce) return known.session;
      const dot = key.indexOf('.');
      const session = key.slice(0, dot);
      const given = Buffer.from(key.slice(dot + 1));
      const fits = (secret: string): boolean => {
        const expected = Buffer.from(mac(secret, session, nonce));
        return expected.length === given.length && timingSafeEqual(expected, given);
      };
      if (dot <= 0 || !secrets.some(fits)) return undefined;
      if (verified.size >= MAX_VERIFIED) verified.clear();
      verified.set(key, { nonce, session });
      return session;
    },
  };
}
