/** A certificate and its key in two files: whether they are a pair, and what a server does when the files change. Node only. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Server } from 'node:tls';

export interface CertificateFiles {
  /** The server's certificate, and behind it those that vouch for it: PEM. */
  readonly cert: string;
  /** Its private key: PEM, without a passphrase. */
  readonly key: string;
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
  readonly validTo: Date;
}

/** What became of files that changed. */
export type Renewal =
  /** It is used for connections that come now. */
  | { readonly ok: true; readonly validTo: Date }
  /** They are no pair, or cannot be read: what was there before goes on. */
  | { readonly ok: false; readonly error: Error };

/** Why two texts are no certificate and its key. */
export interface NoCertificate {
  /** Which of the two is to blame. */
  readonly of: 'cert' | 'key';
  /** As the rest of a sentence. */
  readonly what: string;
  readonly cure: string;
}

/** Undefined when they are a pair. */
export function checkCertificate(cert: string, key: string): NoCertificate | undefined {
  const first = certificateOf(cert);
  if (first === undefined) {
    return {
      of: 'cert',
      what: 'holds no certificate',
      cure: 'a PEM file begins with -----BEGIN CERTIFICATE-----',
    };
  }
  const own = privateKeyOf(key);
  if (own === 'locked') {
    return {
      of: 'key',
      what: 'has a passphrase',
      cure: 'take it off with openssl pkey -in locked.pem -out key.pem',
    };
  }
  if (own === undefined) {
    return {
      of: 'key',
      what: 'holds no private key',
      cure: 'a PEM file begins with -----BEGIN PRIVATE KEY-----',
    };
  }
  if (first.checkPrivateKey(own)) return undefined;
  return {
    of: 'key',
    what: 'is not the key of the first certificate in the other file',
    cure: "put the server's own certificate first, those that vouch for it behind; or take the key that it was made with",
  };
}

/** When the first certificate ends. */
export const validTo = (cert: string): Date => new Date(certificateOf(cert)?.validTo ?? NaN);

/** Rejects with what is wrong, and with the names of the files. */
export async function readCertificate(files: CertificateFiles): Promise<Certificate> {
  const [cert, key] = await Promise.all([readFile(files.cert, 'utf8'), readFile(files.key, 'utf8')]);
  const wrong = checkCertificate(cert, key);
  if (wrong !== undefined) throw new Error(`${files[wrong.of]} ${wrong.what}; ${wrong.cure}.`);
  return { cert, key, validTo: validTo(cert) };
}

/**
 * Has a server use what the files hold when they change; connections that are open go on with what they have. Looks at the
 * files by the clock and not by events, which get lost behind links, mounted volumes and other machines. Returns how to stop.
 *
 * @param every ms
 */
export function followCertificate(
  server: Pick<Server, 'setSecureContext'>,
  files: CertificateFiles,
  every: number,
  told: (renewal: Renewal) => void,
): () => void {
  const rest = new Rest();
  const look = async (): Promise<void> => {
    const marks = await Promise.all([markOf(files.cert), markOf(files.key)]);
    if (rest.look(marks.join())) told(await renew(server, files));
  };
  let looking: Promise<void> | undefined;
  const lookOnce = (): void => {
    looking ??= look().finally(() => (looking = undefined));
  };
  lookOnce();
  const timer = setInterval(lookOnce, every);
  timer.unref();
  return () => clearInterval(timer);
}

async function renew(server: Pick<Server, 'setSecureContext'>, files: CertificateFiles): Promise<Renewal> {
  try {
    const { cert, key, validTo } = await readCertificate(files);
    // It has its own reasons to refuse, such as a key that is too short.
    server.setSecureContext({ cert, key });
    return { ok: true, validTo };
  } catch (error) {
    return { ok: false, error: error as Error };
  }
}

/** PURE. Files that change one after the other have come to rest when two looks in a row see the same. */
export class Rest {
  /** What was taken last; undefined until the first look, which sees what is in use. */
  #taken: string | undefined;
  #seen = '';

  /** Whether it is time to take them. */
  look(marks: string): boolean {
    this.#taken ??= marks;
    const rests = marks === this.#seen && marks !== this.#taken;
    this.#seen = marks;
    if (rests) this.#taken = marks;
    return rests;
  }
}

/** Changes with the file behind all links. */
const markOf = (file: string): Promise<string> =>
  stat(file).then(
    ({ ino, mtimeMs, size }) => `${ino} ${mtimeMs} ${size}`,
    () => 'gone',
  );

function certificateOf(text: string): X509Certificate | undefined {
  try {
    return new X509Certificate(text);
  } catch {
    return undefined;
  }
}

function privateKeyOf(text: string): KeyObject | 'locked' | undefined {
  // What OpenSSL says of one is not the same for all kinds.
  if (/^(-----BEGIN ENCRYPTED|Proc-Type: 4,ENCRYPTED)/m.test(text)) return 'locked';
  try {
    return createPrivateKey(text);
  } catch {
    return undefined;
  }
}
