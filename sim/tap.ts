/**
 * The wire between one page and the nodes, as an observer would see it: rules that no application sees broken, because
 * the other end mends what came of it. It reads frames by itself; no code of the product is in it.
 */
import type { ClientFrame, Position, Send, ServerFrame, Subscribed, Welcome } from '@iskra/protocol/wire';
import type { Carried, Wire } from './wire.js';

export type Breach = (rule: string, text: string) => void;

/** Everything that one page has to do with the wire. */
export class Tap {
  readonly breach: Breach;
  /** The store forgot something: generations begin again lower. */
  readonly hasRewound: () => boolean;
  readonly #known = new WeakMap<Wire, Line>();
  /** Those that are open, as far as the page knows. */
  readonly lines = new Set<Line>();
  /** Generations that were given, by session. */
  readonly generations = new Map<string, string>();
  /** What was sent under each number, by nonce. */
  readonly sends = new Map<string, string>();

  constructor(breach: Breach, hasRewound: () => boolean) {
    this.breach = breach;
    this.hasRewound = hasRewound;
  }

  of(wire: Wire): Line {
    const known = this.#known.get(wire);
    if (known !== undefined) return known;
    const line = new Line(this, wire.carries);
    this.#known.set(wire, line);
    this.lines.add(line);
    return line;
  }

  /** The page is done with it; a node may not know that yet. */
  over(wire: Wire): void {
    this.lines.delete(this.of(wire));
  }
}

/** Bytes of what may be in an answer beside its entries. */
const BESIDE = 200;

/** One WebSocket, or one request with its answer. */
export class Line {
  readonly kind: Carried;
  readonly #tap: Tap;
  #nonce = '';
  #isProbe = false;
  /** The name of the attempt that said hello. */
  #attempt = '';
  #isOpening = false;
  /** Of a poll: bytes of its answer, and of an entry, that it asked for. */
  #asked: { answer?: number; entry?: number } = {};
  /** What the last frame was that a node sent. */
  #last: ServerFrame[0] | undefined;
  /** Where the node is in each log that it may deliver. */
  readonly #at = new Map<string, Position>();
  #generation = 0;
  /** Sends that may be under way; known with welcome. */
  #window = Infinity;
  #sentUpTo = 0;
  #ackedUpTo = 0;
  /** HTTP: the last send of a message that nothing has answered yet. */
  #carries: number | undefined;

  constructor(tap: Tap, kind: Carried) {
    this.#tap = tap;
    this.kind = kind;
  }

  /** The page sends a message. */
  said(text: string): void {
    const frames = framesOf<ClientFrame>(text);
    for (const frame of frames) {
      if (frame[0] === 'hello' || frame[0] === 'continue') this.#begins(frame);
    }
    const sends = frames.filter(isSend);
    const last = sends.at(-1);
    if (last === undefined) return;
    for (const send of sends) {
      const key = `${this.#nonce} ${send[1]}`;
      const before = this.#tap.sends.get(key);
      const now = JSON.stringify(send);
      if (before !== undefined && before !== now)
        this.#tap.breach('P36', `send ${send[1]} is another one than before.`);
      this.#tap.sends.set(key, now);
    }
    if (this.kind === 'websocket') {
      this.#sentUpTo = Math.max(this.#sentUpTo, last[1]);
      const count = this.#sentUpTo - this.#ackedUpTo;
      if (count > this.#window) this.#tap.breach('P37', `${count} sends are under way.`);
      return;
    }
    for (const number of this.#beside())
      this.#tap.breach('P36', `send ${last[1]} is posted while ${number} is under way.`);
    this.#carries = last[1];
  }

  /** A node writes one, whether it arrives or not. */
  written(text: string): void {
    const frames = framesOf<ServerFrame>(text);
    if (this.kind === 'poll') this.#answers(frames);
    for (const frame of frames) {
      if (this.#last === undefined && this.#isOpening && frame[0] !== 'welcome' && frame[0] !== 'close')
        this.#tap.breach('P12', `${frame[0]} came before welcome.`);
      this.#last = frame[0];
      this.#follows(frame);
    }
  }

  /** The one answer of a poll. */
  #answers(frames: readonly ServerFrame[]): void {
    const { answer = Infinity, entry } = this.#asked;
    const tags = frames.map(([tag]) => tag);
    const entries = tags.filter((tag) => tag === 'entry').length;
    // What is no entry has its place in any answer, and one entry alone may be larger.
    const last = tags.lastIndexOf('entry');
    const { length } = JSON.stringify(frames.slice(0, last + 1));
    if (entries > (this.#isOpening ? 0 : 1) && length > answer + BESIDE)
      this.#tap.breach('P69', `${entries} entries in ${length} bytes, where ${answer} were asked for.`);
    const skipped = frames.filter((frame) => frame[0] === 'gap' && frame[2] === 'too_big').length;
    if (skipped > (entry === undefined ? 0 : 1))
      this.#tap.breach('P69', `${skipped} entries are left out, where ${entry ?? 'all'} may pass.`);
  }

  /** It has arrived. */
  heard(text: string): void {
    for (const frame of framesOf<ServerFrame>(text)) {
      if (frame[0] === 'acked') this.#ackedUpTo = Math.max(this.#ackedUpTo, frame[1]);
      if (frame[0] === 'expect') this.#sentUpTo = Math.max(frame[1] - 1, this.#ackedUpTo);
      if (frame[0] === 'welcome') this.#window = (frame[1].payload as Welcome).limits.sends;
      // Over an event stream they answer the message that opened it.
      const isAnswer = frame[0] === 'ping' || (frame[0] === 'acked' && frame[1] >= (this.#carries ?? 0));
      if (this.kind === 'sse' && isAnswer) this.#carries = undefined;
    }
  }

  /** The node closes it. */
  closes(): void {
    if (this.#last !== 'close') this.#tap.breach('P70', `it ends with ${this.#last ?? 'nothing'}.`);
  }

  #begins(frame: Extract<ClientFrame, ['hello' | 'continue', unknown]>): void {
    const { nonce, cursors = {} } = frame[1];
    this.#nonce = nonce;
    this.#isOpening = frame[0] === 'hello';
    this.#asked = frame[1] as { answer?: number; entry?: number };
    if (frame[0] === 'hello') this.#attempt = frame[1].attempt ?? '';
    if (frame[0] === 'hello' && frame[1].key === undefined && '@' in cursors)
      this.#tap.breach('P14', 'a new session is opened with the inbox cursor of another one.');
    this.#isProbe = frame[0] === 'hello' && frame[1].probe === true;
    if (frame[0] === 'continue') this.#generation = frame[1].generation;
    for (const [log, position] of Object.entries(cursors)) this.#at.set(log, position);
  }

  /** Messages with sends that are under way on the same connection; for one that opens another, on one that lives. */
  #beside(): number[] {
    // A store that rewound gives a generation again: nobody can tell then which connection a request is of.
    if (this.#tap.hasRewound()) return [];
    const { lines } = this.#tap;
    return [...lines].flatMap((other) => {
      if (other.#carries === undefined || other.#nonce !== this.#nonce) return [];
      const isOurs = this.#isOpening
        ? [...lines].some((one) => one.kind === 'sse' && one.#generation === other.#generation)
        : other.#generation === this.#generation;
      return isOurs ? [other.#carries] : [];
    });
  }

  #follows(frame: ServerFrame): void {
    switch (frame[0]) {
      case 'welcome':
        return this.#welcomes(frame[1].payload as Welcome);
      case 'entry': {
        const [, log, epoch, offset, { delta, payload }, answers] = frame;
        const before = this.#at.get(log);
        if (before === undefined)
          return this.#tap.breach('P41', `${log} came on a connection that did not subscribe to it.`);
        if (before[0] !== epoch || before[1] + 1 !== offset)
          this.#tap.breach('P25', `${log} ${epoch}:${offset} was sent behind ${before.join(':')}.`);
        this.#at.set(log, [epoch, offset]);
        if (answers === undefined) return;
        const { channel, position } = (payload ?? {}) as Subscribed;
        if (delta === 'subscribed' && !this.#at.has(channel)) this.#at.set(channel, position);
        if (delta === 'unsubscribed') this.#at.delete(channel);
        return;
      }
      case 'gap': {
        const [, log, reason, was, now] = frame;
        const before = this.#at.get(log);
        if (before?.join() !== was.join())
          this.#tap.breach('P25', `a gap of ${log} from ${was.join(':')}, not ${before?.join(':')}.`);
        if (reason === 'denied') this.#at.delete(log);
        else this.#at.set(log, now);
        return;
      }
      default:
      // It moves nothing.
    }
  }

  #welcomes({ session, generation, inbox }: Welcome): void {
    if ((generation === 0) !== this.#isProbe)
      this.#tap.breach('P16', `${this.#isProbe ? 'a probe' : 'an attach'} has generation ${generation}.`);
    if (this.#isProbe) return;
    const name = `${session}:${generation}`;
    const before = this.#tap.generations.get(name);
    if (before !== undefined && before !== this.#attempt && !this.#tap.hasRewound())
      this.#tap.breach('P13', `generation ${generation} was given twice, to ${before} and ${this.#attempt}.`);
    this.#tap.generations.set(name, this.#attempt);
    this.#generation = generation;
    if (!this.#at.has('@')) this.#at.set('@', inbox);
  }
}

/** The frames of a message, or of a block of an event stream; none of what a proxy says. */
function framesOf<Frame>(text: string): Frame[] {
  try {
    // Both ends are ours: what they write is made of frames.
    return JSON.parse(text.replace(/^data: /, '')) as Frame[];
  } catch {
    return [];
  }
}

const isSend = (frame: ClientFrame): frame is Send =>
  /^(publish|request|subscribe|unsubscribe)$/.test(frame[0]);
