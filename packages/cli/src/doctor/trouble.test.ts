import type { PeerCertificate } from 'node:tls';
import { expect, it } from 'vitest';
import { tlsTrouble } from './trouble.js';

const certificate = {
  issuer: { O: 'Box Inc.' },
  valid_from: 'Jan  1 2020',
  valid_to: 'Jan  1 2021',
  subjectaltname: 'DNS:other.example',
} as unknown as PeerCertificate;

it.each([
  ['CERT_HAS_EXPIRED', 'ended on Jan  1 2021'],
  ['CERT_NOT_YET_VALID', 'begins on Jan  1 2020'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'for other names (DNS:other.example)'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'signed by itself'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'signed by Box Inc., which is not trusted here'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'not complete'],
  ['SOMETHING_NEW', 'SOMETHING_NEW'],
])('tells %s plainly', (code, told) => expect(tlsTrouble(code, certificate)).toContain(told));

it('tells an error of the handshake by its code, else in its own words', () => {
  expect(tlsTrouble(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toContain('in the middle');
  expect(tlsTrouble(new Error('odd'))).toBe('odd');
});
