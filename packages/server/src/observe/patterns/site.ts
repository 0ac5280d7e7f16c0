/** PURE. The site that an address is of: what people who share a proxy, an office or a cell share. */

/**
 * `203.0.113.0/24` for IPv4, `2001:db8:7::/48` for IPv6: what is handed out to one site as a rule. An address that is none is
 * a network of its own.
 */
export function siteOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const four = /^(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}$/.exec(plain);
  if (four !== null) return `${four[1]}.0/24`;
  if (!plain.includes(':')) return plain;
  const [front = '', back] = plain.split('::');
  const groups = front === '' ? [] : front.split(':');
  if (back !== undefined) {
    const behind = back === '' ? [] : back.split(':');
    while (groups.length + behind.length < 8) groups.push('0');
    groups.push(...behind);
  }
  const site = groups.slice(0, 3).map((group) => (Number.parseInt(group, 16) || 0).toString(16));
  return `${site.join(':')}::/48`;
}
