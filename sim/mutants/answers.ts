/** How large an answer may be: what breaks rule P69. */
import { client, server } from './mutant.js';
import type { Mutant } from './mutant.js';

export const answers: readonly Mutant[] = [
  {
    rule: 'P69',
    breaks: 'the server answers with all that it has',
    file: server('room'),
    from: '      if (bytes + 1 > this.#left && !isFirst) break;\n',
    to: '',
    by: 'P69',
  },
  {
    rule: 'P69',
    breaks: 'the server never sends what is larger alone',
    file: server('room'),
    from: 'if (bytes + 1 > this.#left && !isFirst) break;',
    to: 'if (bytes + 1 > this.#left) break;',
    by: 'P69 alone',
  },
  {
    rule: 'P69',
    breaks: 'the server sends a large entry with welcome',
    file: server('room'),
    from: 'this.#isFirst = !opens;',
    to: 'this.#isFirst = true;',
    by: 'P69 open',
  },
  {
    rule: 'P69',
    breaks: 'the server leaves out what does not fit, unasked',
    file: server('room'),
    from: 'if (bytes > this.#entry) {',
    to: 'if (bytes > Math.min(this.#entry, this.#left)) {',
    by: 'P69 alone',
  },
  {
    rule: 'P69',
    breaks: 'the client gives up an entry that did not come once',
    file: client('answers'),
    from: '      if (vain < TRIES) return false;\n',
    to: '',
    by: 'P69 chance',
  },
  {
    rule: 'P69',
    breaks: 'the client asks for ever for an entry that does not pass',
    file: client('answers'),
    from: '      narrow = isLeast;\n',
    to: '',
    by: 'P69 never lost',
  },
  {
    rule: 'P69',
    breaks: 'the client asks again for as much as did not come',
    file: client('answers'),
    from: 'tried = size ? Math.max(MIN_ANSWER_BYTES, size / 2) : MIN_ANSWER_BYTES;',
    to: 'tried = size;',
    by: 'P69 truncated',
  },
];
