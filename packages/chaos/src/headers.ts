/** PURE. Headers as they came, names and values in turn: which belong to one connection only, and which a strict box lets pass. */

/** Names and values in turn, as in `rawHeaders`: case, order and doubles are kept. */
export type Headers = readonly string[];

/** Those whose name, in lower case, the test takes. */
export const pick = (headers: Headers, test: (name: string) => boolean): string[] =>
  inPairs(headers)
    .filter(([name]) => test(name.toLowerCase()))
    .flat();

export const inPairs = (headers: Headers): [string, string][] =>
  headers.flatMap((name, at) => (at % 2 === 0 ? [[name, headers[at + 1] ?? '']] : []));

/** All values of one header, in lower case, as one list with commas. */
export const valuesOf = (headers: Headers, wanted: string): string =>
  inPairs(headers)
    .flatMap(([name, value]) => (name.toLowerCase() === wanted ? value : []))
    .join(',')
    .toLowerCase();

/** Ends at the next hop: these describe one connection, and `Connection` may name more of them (RFC 9110, 7.6.1). */
export function endToEnd(headers: Headers): string[] {
  const named = valuesOf(headers, 'connection').split(/\s*,\s*/);
  return pick(headers, (name) => !ONE_HOP.has(name) && !named.includes(name));
}

/** The upgrade of a WebSocket, and of nothing else. */
export const isWebSocket = (headers: Headers): boolean => valuesOf(headers, 'upgrade').trim() === 'websocket';

/** What a box that trusts nobody lets pass. */
export const wellKnown = (headers: Headers): string[] => pick(headers, (name) => WELL_KNOWN.has(name));

/** The same under another value, where there is one. */
export const replaced = (headers: Headers, wanted: string, value: string): string[] => [
  ...pick(headers, (name) => name !== wanted.toLowerCase()),
  ...(valuesOf(headers, wanted.toLowerCase()) === '' ? [] : [wanted, value]),
];

const ONE_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'upgrade', 'te', 'expect'],
  // Of the length of a body each hop tells in its own way.
  'transfer-encoding',
]);

const WELL_KNOWN = new Set([
  ...['accept', 'accept-encoding', 'accept-language', 'accept-ranges', 'age', 'allow', 'cache-control'],
  ...['connection', 'content-disposition', 'content-encoding', 'content-language', 'content-length'],
  ...['content-range', 'content-security-policy', 'content-type', 'cookie', 'date', 'etag', 'expires'],
  ...['host', 'if-match', 'if-modified-since', 'if-none-match', 'if-unmodified-since', 'last-modified'],
  ...['link', 'location', 'origin', 'pragma', 'range', 'referer', 'retry-after', 'server', 'set-cookie'],
  ...['strict-transport-security', 'trailer', 'transfer-encoding', 'upgrade', 'user-agent', 'vary', 'via'],
  ...['www-authenticate', 'x-forwarded-for', 'x-forwarded-host', 'x-forwarded-proto'],
  ...['access-control-allow-credentials', 'access-control-allow-headers', 'access-control-allow-methods'],
  ...['access-control-allow-origin', 'access-control-expose-headers', 'access-control-max-age'],
  ...['access-control-request-headers', 'access-control-request-method'],
  ...['sec-websocket-accept', 'sec-websocket-extensions', 'sec-websocket-key', 'sec-websocket-protocol'],
  'sec-websocket-version',
]);
