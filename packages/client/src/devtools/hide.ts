/** PURE. What nobody is shown of a frame: credentials of the wire, and what an application calls by the name of a secret. */

export const HIDDEN = '•••';

/** Who has these of a session, is this session. */
const OF_THE_WIRE = /^(auth|key|nonce)$/;
const BY_NAME = /pass(word|phrase|wd)|secret|token|authori[sz]ation|cookie|credential|api[_-]?key/i;
/** Deeper than any message that a server takes. */
const DEPTH = 64;

/** The same frame, without its secrets. */
export function withoutSecrets(frame: readonly unknown[]): unknown[] {
  const [tag, ...rest] = frame;
  if (tag === 'auth') return [tag, HIDDEN];
  const isControl = tag === 'hello' || tag === 'continue' || tag === 'welcome';
  return [
    tag,
    ...rest.map((value) =>
      hide(value, (name) => (isControl && OF_THE_WIRE.test(name)) || BY_NAME.test(name)),
    ),
  ];
}

function hide(value: unknown, isSecret: (name: string) => boolean, depth = 0): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth > DEPTH) return '…';
  if (Array.isArray(value)) return value.map((one) => hide(one, isSecret, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      isSecret(name) ? HIDDEN : hide(one, isSecret, depth + 1),
    ]),
  );
}
