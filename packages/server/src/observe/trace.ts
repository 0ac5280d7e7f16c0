/** PURE. W3C trace context: what `traceparent` says, if it says it right. https://www.w3.org/TR/trace-context/ */

const GRAMMAR = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(-.*)?$/;
const ZEROS = /^0+$/;

/** The trace id of a `traceparent`; undefined for none, and for one that is not as its grammar asks. */
export function traceOf(traceparent: string | undefined): string | undefined {
  const [, version, trace = '', parent = '', more] = GRAMMAR.exec(traceparent ?? '') ?? [];
  if (version === undefined || version === 'ff' || ZEROS.test(trace) || ZEROS.test(parent)) return undefined;
  // Version 00 has four parts; later ones may have more.
  return version === '00' && more !== undefined ? undefined : trace;
}
