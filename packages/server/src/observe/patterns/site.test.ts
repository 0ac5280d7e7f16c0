import { expect, test } from 'vitest';
import { siteOf } from './site.js';

test.each([
  ['203.0.113.7', '203.0.113.0/24'],
  ['::ffff:203.0.113.7', '203.0.113.0/24'],
  ['2001:db8:7:9::1', '2001:db8:7::/48'],
  ['2001:0db8:0007:9:a:b:c:d', '2001:db8:7::/48'],
  ['2001:db8::1', '2001:db8:0::/48'],
  ['::1', '0:0:0::/48'],
  ['::', '0:0:0::/48'],
  ['fe80::1', 'fe80:0:0::/48'],
  ['unknown', 'unknown'],
  [undefined, 'unknown'],
])('%s is of %s', (address, network) => {
  expect(siteOf(address)).toBe(network);
});
