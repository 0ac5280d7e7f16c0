/**
 * Bytes on their way out. A message is made once, whoever receives it, and
 * keeps the form that each transport needs: the framed WebSocket bytes and the
 * event-stream block are the same for every reader of a run of entries.
 */
import { encodeEntry, encodeFrame, INBOX, isInbox, printBlock } from '@iskra/protocol/wire';
import type { ServerFrame } from '@iskra/protocol/wire';
import { excepts, said } from './except.js';
import type { Entry } from './store.js';

export class Message {
  /** Encoded frames, joined by commas: the inside of a message's JSON array. */
  readonly frames: string;
  /** How many they are. */
  readonly count: number;
  #bytes: number | undefined;
  #webSocket: Buffer | undefined;
  #block: Buffer | undefined;
  #body: Buffer | undefined;

  constructor(frames: string, count: number) {
    this.frames = frames;
    this.count = count;
  }

  static of(...frames: ServerFrame[]): Message {
    return new Message(frames.map(encodeFrame).join(','), frames.length);
  }

  get text(): string {
    return `[${this.frames}]`;
  }

  /** Bytes of the text, whatever a transport puts around it. */
  get bytes(): number {
    return (this.#bytes ??= Buffer.byteLength(this.frames) + 2);
  }

  /** The whole WebSocket frame: server frames are unmasked, so it is the same for everyone (RFC 6455, 5.1). */
  get webSocket(): Buffer {
    return (this.#webSocket ??= frameText(this.text));
  }

  /** The body of a poll's answer. */
  get body(): Buffer {
    return (this.#body ??= Buffer.from(this.text));
  }

  get block(): Buffer {
    return (this.#block ??= Buffer.from(printBlock(this.text)));
  }
}

/** Messages on their way to be one. */
export class Gathering {
  readonly #messages: Message[] = [];
  #count = 0;
  #length = 0;

  /** Frames of all of them. */
  get count(): number {
    return this.#count;
  }

  /** Characters of all of them. */
  get length(): number {
    return this.#length;
  }

  add(message: Message): void {
    this.#messages.push(message);
    this.#count += message.count;
    this.#length += message.frames.length;
  }

  /** All as one; a single one stays itself, with the bytes that it shares. */
  get message(): Message {
    const [first] = this.#messages;
    return this.#messages.length === 1 && first !== undefined
      ? first
      : new Message(this.#messages.map(({ frames }) => frames).join(','), this.#count);
  }
}

const TEXT_FINAL = 0x81;

function frameText(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const header = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(header + length);
  frame[0] = TEXT_FINAL;
  if (header === 2) {
    frame[1] = length;
  } else if (header === 4) {
    frame[1] = 126;
    frame.writeUInt16BE(length, 2);
  } else {
    frame[1] = 127;
    frame.writeBigUInt64BE(BigInt(length), 2);
  }
  frame.write(text, header);
  return frame;
}

/** Entries of one turn of the event loop that end up in one message: limits of what is coalesced. */
const RUN_ENTRIES = 64;
const RUN_LENGTH = 64 * 1024;

/** Successive entries of one log, encoded once for all its readers. */
export class Run {
  readonly log: string;
  /** Of a session's inbox, whose entries may say more than they carry. */
  readonly isInbox: boolean;
  /** It is one entry, and not for everybody. */
  readonly excepts: boolean;
  readonly epoch: string;
  readonly first: number;
  readonly entries: Entry[];
  #length: number;
  #message: Message | undefined;

  constructor(log: string, first: Entry) {
    this.log = log;
    this.isInbox = isInbox(log);
    this.excepts = excepts(first.body);
    this.epoch = first.epoch;
    this.first = first.offset;
    this.entries = [first];
    this.#length = first.body.length;
  }

  get last(): number {
    return this.first + this.entries.length - 1;
  }

  /** Takes the entry if it is the successor and there is room. */
  extend(entry: Entry): boolean {
    if (
      entry.epoch !== this.epoch ||
      entry.offset !== this.last + 1 ||
      this.excepts ||
      excepts(entry.body) ||
      this.entries.length >= RUN_ENTRIES ||
      this.#length >= RUN_LENGTH
    ) {
      return false;
    }
    this.entries.push(entry);
    this.#length += entry.body.length;
    return true;
  }

  /** The message of all its entries. To be asked for only when the run is complete. */
  get message(): Message {
    return (this.#message ??= entriesMessage(this.log, this.entries));
  }
}

/** The message of some entries of a log. */
export function entriesMessage(log: string, entries: readonly Entry[]): Message {
  const name = wireName(log);
  return new Message(
    entries.map((entry) => encodeEntry(name, entry.epoch, entry.offset, said(entry.body))).join(','),
    entries.length,
  );
}

/** How a log is called on the wire: a session sees its own inbox only, as `@`. */
export function wireName(log: string): string {
  return isInbox(log) ? INBOX : log;
}
