import { describe, expect, it } from 'vitest';
import { checkCertificate, Rest, validTo } from './certificate.js';
import { LOCKED, ONE, TWO } from './fixture.js';

describe('a certificate', () => {
  it('goes with its own key, and with those that vouch for it behind', () => {
    expect(checkCertificate(ONE.cert, ONE.key)).toBeUndefined();
    expect(checkCertificate(ONE.cert + TWO.cert, ONE.key)).toBeUndefined();
    expect(validTo(ONE.cert).getUTCFullYear()).toBeGreaterThan(2_100);
  });

  it.each([
    ['is not the key of the first certificate', ONE.cert, TWO.key, 'key'],
    ['is not the key of the first certificate', TWO.cert + ONE.cert, ONE.key, 'key'],
    ['holds no certificate', ONE.key, ONE.key, 'cert'],
    ['holds no certificate', '', ONE.key, 'cert'],
    ['holds no private key', ONE.cert, ONE.cert, 'key'],
    ['holds no private key', ONE.cert, ONE.key.slice(0, 60), 'key'],
    ['has a passphrase', ONE.cert, LOCKED, 'key'],
  ])('%s: which file is to blame, and what to do', (what, cert, key, of) => {
    const wrong = checkCertificate(cert, key);
    expect(wrong).toMatchObject({ of, what: expect.stringContaining(what) as string });
    expect(wrong?.cure).toBeTruthy();
    // A key is not repeated.
    expect(JSON.stringify(wrong)).not.toContain(ONE.key.slice(40, 60));
  });
});

describe('files that change', () => {
  const looks = (...marks: string[]): boolean[] => {
    const rest = new Rest();
    return marks.map((mark) => rest.look(mark));
  };

  it('are taken when two looks in a row see the same', () => {
    expect(looks('a', 'a', 'b', 'b', 'b')).toEqual([false, false, false, true, false]);
  });

  it('are left alone while one after the other is written', () => {
    expect(looks('a', 'b', 'c', 'd', 'd')).toEqual([false, false, false, false, true]);
  });

  it('are not taken again when they are what they were', () => {
    expect(looks('a', 'b', 'a', 'a', 'a')).toEqual([false, false, false, false, false]);
  });
});
