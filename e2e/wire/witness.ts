/**
 * Two healthy clients that exchange numbered messages for as long as others
 * misbehave, and notice everything that happens to them: a message lost,
 * doubled or out of order, a connection dropped.
 */
import { WebSocket } from 'ws';
import { TOKENS } from './fixture.js';
import { envelopeOf, isTag, nonce, Peer, Received, secrets } from './peer.js';
import type { Frame, Kind, WelcomePayload } from './peer.js';

const HOME = '127.0.0.1';
const CHANNEL = 'witness:main';
/** Milliseconds between messages: two witnesses are a pulse, not a load. */
const PACE = 10;

export class Witness {
  readonly #faults: string[] = [];
  readonly #left: WebSocket;
  readonly #right: Peer;
  readonly #seen = { left: 0, right: 0 };
  readonly #at: Record<'left' | 'right', [string, number] | undefined> = {
    left: undefined,
    right: undefined,
  };
  readonly #looks = new Set<() => void>();
  #numberLeft = 1;
  #closing = false;

  private constructor(left: WebSocket, right: Peer) {
    this.#left = left;
    this.#right = right;
  }

  /** @param kind how the second of the two is connected; the first is on a WebSocket. */
  static async open(port: number, kind: Extract<Kind, 'sse' | 'send'> = 'sse'): Promise<Witness> {
    const left = new WebSocket(`ws://${HOME}:${port}/realtime/ws`, 'iskra.1');
    const received = new Received();
    left.on('message', (data: Buffer) => received.push(JSON.parse(data.toString()) as Frame[]));
    await new Promise((resolve, reject) => {
      left.once('open', resolve);
      left.once('error', reject);
    });
    left.send(
      JSON.stringify([
        ['hello', { version: 1, nonce: nonce(), auth: { token: TOKENS.witness } }],
        ['subscribe', 1, CHANNEL, {}],
      ]),
    );
    const welcome = envelopeOf(await received.until(isTag('welcome'))).payload as unknown as WelcomePayload;
    secrets.add(welcome.key).add(welcome.session);
    await received.until((frame) => frame[0] === 'acked' && frame[1] === 1);
    const right = await Peer.open(kind, port, { token: TOKENS.witness, from: HOME });
    await right.subscribe(CHANNEL);

    const witness = new Witness(left, right);
    left.removeAllListeners('message');
    left.on('message', (data: Buffer) => witness.#hearLeft(JSON.parse(data.toString()) as Frame[]));
    left.on('close', (code) => witness.#fault(`the WebSocket of the witness closed with ${code}`));
    left.on('error', (error) => witness.#fault(`the WebSocket of the witness: ${error.message}`));
    right.received.onFrames = (frames) => witness.#hearRight(frames);
    if (kind === 'send') void witness.#poll();
    else void right.stream?.closed.then(() => witness.#fault('the event stream of the witness closed'));
    witness.#sayLeft(1);
    return witness;
  }

  /** Messages that both have seen. */
  get exchanged(): number {
    return Math.min(this.#seen.left, this.#seen.right);
  }

  /** Resolves when the two have exchanged more since, with nothing amiss in all their time. */
  async check(): Promise<void> {
    const target = this.exchanged + 4;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#fault(`the witnesses stand still at message ${this.exchanged}`);
      }, 10_000);
      const look = (): void => {
        if (this.exchanged < target && this.#faults.length === 0) return;
        clearTimeout(timer);
        this.#looks.delete(look);
        resolve();
      };
      this.#looks.add(look);
      look();
    });
    if (this.#faults.length > 0) throw new Error(this.#faults.join('\n'));
  }

  close(): void {
    this.#closing = true;
    this.#left.terminate();
    this.#right.leave();
  }

  #fault(what: string): void {
    if (this.#closing) return;
    this.#faults.push(what);
    for (const look of [...this.#looks]) look();
  }

  #hearLeft(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame[0] === 'ping') this.#left.send(JSON.stringify([['pong', frame[1]]]));
      if (frame[0] === 'error' || frame[0] === 'close') this.#fault(`told ${JSON.stringify(frame)}`);
      if (frame[0] !== 'entry' || frame[1] !== CHANNEL) continue;
      const count = this.#note('left', frame);
      // Even numbers are the right one's: after each, it is the left one's turn.
      if (count % 2 === 0) setTimeout(() => this.#sayLeft(count + 1), PACE);
    }
  }

  #sayLeft(count: number): void {
    if (this.#closing) return;
    this.#left.send(JSON.stringify([['publish', ++this.#numberLeft, CHANNEL, counted(count)]]));
  }

  #hearRight(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (frame[0] === 'error' || frame[0] === 'close') this.#fault(`told ${JSON.stringify(frame)}`);
      if (frame[0] !== 'entry' || frame[1] !== CHANNEL) continue;
      const count = this.#note('right', frame);
      if (count % 2 === 1) void this.#sayRight(count + 1);
    }
  }

  async #poll(): Promise<void> {
    while (!this.#closing) {
      try {
        const { status, text } = await this.#right.poll(5_000);
        if (status !== 200) return this.#fault(`a poll was answered ${status} ${text}`);
      } catch (error) {
        return this.#fault(`a poll failed: ${String(error)}`);
      }
    }
  }

  async #sayRight(count: number): Promise<void> {
    try {
      const answer = await this.#right.say(['publish', this.#right.next(), CHANNEL, counted(count)]);
      if (answer !== undefined && answer.status !== 200) this.#fault(`a send was answered ${answer.text}`);
    } catch (error) {
      this.#fault(`a send failed: ${String(error)}`);
    }
  }

  #note(side: 'left' | 'right', frame: Frame): number {
    const [, , epoch, offset] = frame as unknown as [string, string, string, number];
    const count = Number(envelopeOf(frame).payload.count);
    const before = this.#at[side];
    if (before !== undefined && (before[0] !== epoch || before[1] + 1 !== offset)) {
      this.#fault(`${side}: position ${epoch}/${offset} after ${before.join('/')}`);
    }
    if (count !== this.#seen[side] + 1) {
      this.#fault(`${side}: message ${count} after ${this.#seen[side]}`);
    }
    this.#at[side] = [epoch, offset];
    this.#seen[side] = count;
    for (const look of [...this.#looks]) look();
    return count;
  }
}

const counted = (count: number) => ({
  delta: 'count',
  dimension: 1,
  omega: 1,
  lambda: 'continue',
  payload: { count },
});
