/** Transports and endings: what breaks rules P64 to P72. */
import { server } from './mutant.js';
import type { Mutant } from './mutant.js';

export const ends: readonly Mutant[] = [
  {
    rule: 'P64',
    breaks: 'a held poll is not answered when there is data',
    file: server('answer'),
    from: "      if (!hasData) return 'hold';\n",
    to: "      return 'hold';\n",
    by: 'P50 long-poll',
  },
  {
    rule: 'P64',
    breaks: 'a held poll is not answered when its time is over',
    file: server('answer'),
    from: '    this.#at = Infinity;\n    this.#due = true;\n',
    to: '    this.#at = Infinity;\n',
    by: 'P50 long-poll',
  },
  {
    rule: 'P64',
    breaks: 'a held poll is not answered when a newer one arrives',
    file: server('session'),
    from: "    case 'replaced':\n      return talk.answer?.fallDue();\n",
    to: "    case 'replaced':\n      return;\n",
    by: 'P64',
  },
  {
    rule: 'P70',
    breaks: 'the server closes without a word',
    file: server('conversation'),
    from: "this.write(Message.of(['close', faultEnvelope(code, Dimension.connection, detail)]));",
    to: '',
    by: 'R04',
  },
  {
    rule: 'P71',
    breaks: 'a draining node does not say so',
    file: server('session'),
    from: "talk.write(Message.of(['drain', { ...envelope, payload: { ...envelope.payload, after } }]));",
    to: '',
    by: 'P71',
  },
  {
    rule: 'P71',
    breaks: 'a draining node takes new sessions',
    file: server('opening'),
    from: "  if (core.drain?.isTold === true) return refused('drain');\n",
    to: '',
    by: 'P71',
  },
  {
    rule: 'P72',
    breaks: 'bye ends nothing',
    file: server('frames'),
    from: "      talk.do({ type: 'end' });\n",
    to: '',
    by: 'P72',
  },
  {
    rule: 'P72',
    breaks: 'bye leaves the members of the session behind',
    file: server('stores/memory'),
    from: '    this.#ended.set(record.nonce, this.#now());\n    this.#lapse(record);',
    to: '    this.#ended.set(record.nonce, this.#now());',
    by: 'P72',
  },
  {
    rule: 'P72',
    breaks: 'bye to a session that has ended is refused',
    file: server('session'),
    from: "if (event.code === 'session_unknown' && talk.early?.some(isBye)) return talk.close('bye');",
    to: '',
    by: 'P72',
  },
];
