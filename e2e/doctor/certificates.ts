/** An authority of one's own, and a certificate that it signed, made by openssl. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface Certificates {
  /** Files. */
  readonly authority: string;
  readonly chain: string;
  readonly key: string;
  /** Chain and key in one, as HAProxy wants them. */
  readonly both: string;
  remove(): void;
}

export function makeCertificates(names: string): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'iskra-tls-'));
  const file = (name: string): string => path.join(folder, name);
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const [authority, chain, own] = [file('authority.pem'), file('chain.pem'), file('key.pem')];
  openssl(
    ...['req', '-x509', ...key, '-days', '2', '-subj', '/O=A private authority'],
    ...['-keyout', file('authority.key'), '-out', authority],
  );
  openssl('req', ...key, '-subj', '/CN=iskra', '-keyout', own, '-out', file('asked.pem'));
  writeFileSync(file('names'), `subjectAltName=${names}\n`);
  openssl(
    ...['x509', '-req', '-in', file('asked.pem'), '-CA', authority, '-CAkey', file('authority.key')],
    ...['-CAcreateserial', '-days', '2', '-extfile', file('names'), '-out', chain],
  );
  const both = file('both.pem');
  writeFileSync(both, readFileSync(chain, 'utf8') + readFileSync(own, 'utf8'));
  return {
    authority,
    chain,
    key: own,
    both,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
