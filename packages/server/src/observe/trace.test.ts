import { expect, test } from 'vitest';
import { traceOf } from './trace.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = '00f067aa0ba902b7';

test.each([
  ['as it is sent today', `00-${TRACE}-${PARENT}-01`],
  ['with other flags', `00-${TRACE}-${PARENT}-ff`],
  ['of a later version', `cc-${TRACE}-${PARENT}-01`],
  ['of a later version with more in it', `cc-${TRACE}-${PARENT}-01-what-the-future-will-be-like`],
])('a traceparent %s has a trace id', (_, header) => {
  expect(traceOf(header)).toBe(TRACE);
});

test.each([
  ['none', undefined],
  ['an empty one', ''],
  ['the version that is forbidden', `ff-${TRACE}-${PARENT}-01`],
  ['more than version 00 has', `00-${TRACE}-${PARENT}-01-more`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${PARENT}-01`],
  ['a parent of zeros', `00-${TRACE}-${'0'.repeat(16)}-01`],
  ['capital letters', `00-${TRACE.toUpperCase()}-${PARENT}-01`],
  ['a short trace id', `00-${TRACE.slice(1)}-${PARENT}-01`],
  ['no flags', `00-${TRACE}-${PARENT}`],
  ['a space in front', ` 00-${TRACE}-${PARENT}-01`],
  ['a secret', 'Bearer hunter2'],
])('%s is ignored', (_, header) => {
  expect(traceOf(header)).toBeUndefined();
});
