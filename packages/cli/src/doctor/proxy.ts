/** Which proxy an address is reached through, by the variables that curl and others obey: HTTP_PROXY, HTTPS_PROXY, NO_PROXY. */
import { BlockList, isIP } from 'node:net';
import { UsageError } from '../usage.js';

export type Variables = Readonly<Record<string, string | undefined>>;

/** The proxy for an address; undefined when it is reached without one. The lower-case name of a variable wins. */
export function proxyFor(target: URL, variables: Variables): URL | undefined {
  const name = target.protocol === 'https:' ? 'https_proxy' : 'http_proxy';
  const given = valueOf(variables, name);
  if (given === undefined || isExcepted(target, valueOf(variables, 'no_proxy') ?? '')) return undefined;
  const written = /^[a-z][a-z\d+.-]*:\/\//i.test(given) ? given : `http://${given}`;
  const proxy = URL.canParse(written) ? new URL(written) : undefined;
  if (proxy === undefined || !/^https?:$/.test(proxy.protocol) || !isReadable(proxy)) {
    throw new UsageError(
      `${name.toUpperCase()} is no address of an HTTP proxy; it looks like http://proxy.example:3128, ` +
        'with http://name:password@ before the host where the proxy wants credentials.',
    );
  }
  return proxy;
}

/** Whether its credentials can be sent: a lone percent sign is none of a URL. */
function isReadable(proxy: URL): boolean {
  try {
    proxyAuthorization(proxy);
    return true;
  } catch {
    return false;
  }
}

/** As it may be shown: without credentials. */
export const shownProxy = ({ protocol, host }: URL): string => `${protocol}//${host}`;

/** The header by which a proxy knows its user. */
export function proxyAuthorization({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  const credentials = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return `Basic ${Buffer.from(credentials).toString('base64')}`;
}

/** A host without the brackets that an IPv6 address has in a URL. */
export const bareHost = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');

export const portOf = ({ protocol, port }: URL): number =>
  port !== '' ? Number(port) : protocol === 'https:' ? 443 : 80;

const valueOf = (variables: Variables, name: string): string | undefined =>
  // An empty variable is how shells and compose files say "not set".
  variables[name] || variables[name.toUpperCase()] || undefined;

/** Whether a list such as `localhost,.example.com,10.0.0.0/8,db:5432` names the address. */
function isExcepted(target: URL, list: string): boolean {
  const host = bareHost(target).toLowerCase();
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => {
      if (entry === '*') return true;
      const [, address = '', bits] = /^([\d.]+|[\da-f:.]+)\/(\d+)$/i.exec(entry) ?? [];
      if (bits !== undefined) return isWithin(host, address, Number(bits));
      const [, name = '', port] = /^(.+?)(?::(\d+))?$/.exec(isIP(entry) === 6 ? `[${entry}]` : entry) ?? [];
      if (port !== undefined && Number(port) !== portOf(target)) return false;
      const suffix = name
        .toLowerCase()
        .replace(/^\*?\./, '')
        .replace(/^\[|\]$/g, '');
      return host === suffix || (isIP(host) === 0 && host.endsWith(`.${suffix}`));
    });
}

function isWithin(host: string, address: string, bits: number): boolean {
  const family = isIP(address);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const kind = family === 4 ? 'ipv4' : 'ipv6';
  const range = new BlockList();
  range.addSubnet(address, bits, kind);
  return range.check(host, kind);
}
