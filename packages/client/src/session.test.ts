import { describe, expect, test } from 'vitest';
import { code, dialogue, envelope } from './testing.js';
import type { Dialogue } from './testing.js';
import { OutcomeUnknown, SendError } from './errors.js';
import { createPath } from './path.js';

const publish = (d: ReturnType<typeof dialogue>, text: string) => {
  const send = d.session.outbox.add('publish', 'room', envelope('said', text))!;
  d.tell({ type: 'sendAdded' });
  return send;
};

/** A session on a proven WebSocket. */
const connected = (options: Parameters<typeof dialogue>[0] = {}) => {
  const d = dialogue({ transports: ['websocket'], ...options });
  d.start();
  d.connect(1);
  return d;
};

/** The same, subscribed to `room` at position 0. */
const subscribed = (options: Parameters<typeof dialogue>[0] = {}) => {
  const d = connected(options);
  d.session.subscribe('room', {});
  d.tell({ type: 'sendAdded' });
  d.hear(
    1,
    ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room', position: ['r', 0] }), 1],
    ['acked', 1, 'e', 1],
  );
  return d;
};

const say = (offset: number, channel = 'room') => ['entry', channel, 'r', offset, envelope('said', offset)];

describe('opening', () => {
  test('puts hello first and the unsettled sends right behind it in the first message', () => {
    const d = dialogue({ transports: ['websocket'] });
    d.session.subscribe('room', { last: 5 });
    publish(d, 'hi');
    d.start();
    d.open(1);
    expect(d.sent[0]!.message.map(([tag]) => tag)).toEqual(['hello', 'subscribe', 'publish']);
  });

  test('carries them in the request itself over HTTP, so that the first message takes one round trip', () => {
    const d = dialogue({ transports: ['long-poll'] });
    publish(d, 'hi');
    d.start();
    expect(d.opened[0]!.message.map(([tag]) => tag)).toEqual(['hello', 'publish']);
  });

  test('is not over with a ping when the welcome before it could not be read (P55)', () => {
    const d = dialogue({ transports: ['websocket'] });
    d.start();
    d.open(1);
    d.hear(1, ['ping', 1]);
    expect(d.explain().attempts[0]!.provenAt).toBeUndefined();
    expect(d.next(1)).toBe(2);
  });

  test('has one message with sends under way over HTTP, also while attempts race (P36)', () => {
    const d = dialogue({ transports: ['sse', 'long-poll'] });
    publish(d, 'hi');
    d.start();
    d.advance(300);
    expect(d.opened.map(({ message }) => message.map(([tag]) => tag))).toEqual([
      ['hello', 'publish'],
      ['hello'],
    ]);
  });

  test('begins the inbox where welcome says, and its own cursors at the positions of outcomes (P41)', () => {
    const d = subscribed();
    expect(d.session.cursors.get('@')).toEqual(['e', 1]);
    expect(d.session.cursors.get('room')).toEqual(['r', 0]);
  });

  test('keeps its nonce until the session is replaced (P10)', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.die(1);
    d.advance(20_000);
    const [first, second] = d.opened.map(({ message }) => (message[0]![1] as { nonce: string }).nonce);
    expect(second).toBe(first);
  });
});

describe('down', () => {
  test('delivers successors once and drops what it has delivered already (P20, P21)', () => {
    const d = subscribed();
    d.hear(1, say(1), say(2), say(1), say(2), say(3));
    expect(d.entries('room')).toEqual([1, 2, 3]);
  });

  test('closes the connection that skips an entry and resumes with its cursors (P22)', () => {
    const d = subscribed();
    d.hear(1, say(1), say(3), say(4));
    expect(d.entries('room')).toEqual([1]);
    expect(d.closed).toEqual([1]);
    d.advance(1);
    d.open(2);
    const [, hello] = d.sent.at(-1)!.message[0] as [string, { cursors: object; key: string }];
    expect(hello.cursors).toEqual({ '@': ['e', 1], room: ['r', 1] });
    expect(hello.key).toBe('key-1');
  });

  test('resumes at most once in 500 ms when nothing fits (P22)', () => {
    const d = subscribed();
    const times = [1, 2, 3, 4, 5].map((attempt) => {
      const from = d.clock.now();
      d.hear(attempt, say(9));
      d.connect(d.next(attempt));
      return d.clock.now() - from;
    });
    expect(times.slice(0, 2)).toEqual([0, 500]);
    expect(times[4]).toBeGreaterThan(2_000);
  });

  test('applies a gap only at exactly its cursor, and tells it once in its place (P23)', () => {
    const d = subscribed();
    d.hear(1, say(1), ['gap', 'room', 'trimmed', ['r', 0], ['r', 9]]);
    d.hear(
      1,
      ['gap', 'room', 'trimmed', ['r', 1], ['r', 5]],
      ['gap', 'room', 'trimmed', ['r', 1], ['r', 5]],
      say(6),
    );
    expect(d.handed()).toEqual(['members', 'entry', 'gap', 'entry']);
    expect(d.session.cursors.get('room')).toEqual(['r', 6]);
    expect(d.reports()).toContain('gap');
  });

  test('goes on behind entries that are for others, and tells nobody of them (P82)', () => {
    const d = subscribed();
    d.hear(1, say(1), ['gap', 'room', 'excepted', ['r', 1], ['r', 5]], say(6));
    expect([d.entries('room'), d.handed()]).toEqual([
      [1, 6],
      ['members', 'entry', 'entry'],
    ]);
    expect([d.reports().filter((report) => report === 'gap'), d.closed]).toEqual([[], []]);
    expect(d.session.cursors.get('room')).toEqual(['r', 6]);
  });

  test('forgets a channel whose gap says that it is no longer allowed (P28, P44)', () => {
    const d = subscribed();
    d.hear(1, ['gap', 'room', 'denied', ['r', 0], ['r', 0]], say(1));
    expect(d.entries('room')).toEqual([]);
    expect(d.session.cursors.get('room')).toBeUndefined();
  });

  test('goes on in another epoch, tells nobody, and ignores it the second time (P24)', () => {
    const d = subscribed();
    d.hear(
      1,
      say(1),
      ['gap', 'room', 'forked', ['r', 1], ['s', 1]],
      ['gap', 'room', 'forked', ['r', 1], ['s', 1]],
      ['entry', 'room', 's', 2, envelope('said', 'two')],
    );
    expect(d.entries('room')).toEqual([1, 'two']);
    expect(d.closed).toEqual([]);
  });

  test('drops frames of a channel without a cursor, also late ones after unsubscribing (P29, P43)', () => {
    const d = subscribed();
    d.hear(1, say(1, 'other'));
    d.session.unsubscribe('room');
    d.hear(1, say(1));
    expect(d.entries('room')).toEqual([]);
  });

  test('starts at the second subscription when the first was withdrawn before its outcome', () => {
    const d = connected();
    d.session.subscribe('room', {});
    d.session.unsubscribe('room');
    d.session.subscribe('room', {});
    d.tell({ type: 'sendAdded' });
    d.hear(1, ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room', position: ['r', 3] }), 1]);
    expect(d.session.cursors.get('room')).toBeUndefined();
    d.hear(1, ['entry', '@', 'e', 2, envelope('unsubscribed', { channel: 'room' }), 2]);
    d.hear(1, ['entry', '@', 'e', 3, envelope('subscribed', { channel: 'room', position: ['r', 7] }), 3]);
    expect(d.session.cursors.get('room')).toEqual(['r', 7]);
  });

  test('ignores what it cannot read and goes on (P6)', () => {
    const d = subscribed();
    d.tell({ type: 'received', attempt: 1, text: 'not json' });
    d.hear(1, ['surprise', 1], ['entry', 'room', 'r', 1], say(1));
    expect(d.entries('room')).toEqual([1]);
  });

  test('hands an entry of the inbox without a number to the application', () => {
    const d = connected();
    d.hear(1, ['entry', '@', 'e', 1, envelope('news', 'you')]);
    expect(d.told('message').map(([{ payload }]) => payload)).toEqual(['you']);
  });

  test('acknowledges the inbox every 2 s at most, and only when it moved', () => {
    const d = subscribed();
    const acks = () => d.sent.flatMap(({ message }) => message.filter(([tag]) => tag === 'ack'));
    expect(acks()).toEqual([]);
    d.advance(2_000);
    expect(acks()).toEqual([['ack', 1]]);
    d.advance(10_000);
    expect(acks()).toHaveLength(1);
  });
});

test('leaves a channel that its newest connection is denied, wherever an older one has brought it (P23, P44)', () => {
  const d = subscribed({ transports: ['sse'] });
  d.advance(6_000);
  // It sees to it that it lives, by another stream.
  d.tell({ type: 'pageChanged', signal: 'visible' });
  const [, second] = d.on('sse');
  d.hear(1, say(1), say(2));
  d.open(second!);
  d.hear(second!, d.welcome(), ['gap', 'room', 'denied', ['r', 0], ['r', 0]]);
  expect(d.session.cursors.has('room')).toBe(false);
  expect(d.handed().at(-1)).toBe('gap');
});

describe('up', () => {
  test('settles a send when it is acked and the inbox has reached its outcome, not before (P34)', () => {
    const d = connected();
    const send = publish(d, 'hi');
    d.hear(1, ['acked', 1, 'e', 1]);
    expect(send.state).toBe('sent');
    d.hear(1, ['entry', '@', 'e', 1, code('invalid', 'correct_input', { field: 'payload.text' }), 1]);
    expect(send.state).toBe('rejected');
    expect(d.settled()[0]!.error).toBeInstanceOf(SendError);
    expect(d.settled()[0]!.error).toMatchObject({
      code: 'invalid',
      field: 'payload.text',
      advice: 'correct_input',
    });
  });

  test('takes a send without an entry in the inbox as acknowledged (P34)', () => {
    const d = connected();
    const send = publish(d, 'hi');
    d.hear(1, ['acked', 1, 'e', 0]);
    expect(send.state).toBe('acknowledged');
  });

  test('goes on behind a refused send (P35)', () => {
    const d = connected();
    const sends = [1, 2, 3].map((n) => publish(d, `${n}`));
    d.hear(1, ['entry', '@', 'e', 1, code('invalid', 'correct_input'), 2], ['acked', 3, 'e', 1]);
    expect(sends.map(({ state }) => state)).toEqual(['acknowledged', 'rejected', 'acknowledged']);
  });

  test('has no more sends under way than welcome allows (P37)', () => {
    const d = dialogue({ transports: ['websocket'] });
    d.start();
    d.connect(1, { limits: { message: 262_144, envelope: 65_536, sends: 3, channels: 100 } });
    for (let n = 1; n <= 8; n++) publish(d, `${n}`);
    expect(d.numbers()).toEqual([1, 2, 3]);
    d.hear(1, ['acked', 2, 'e', 0]);
    expect(d.numbers()).toEqual([1, 2, 3, 4, 5]);
  });

  test('makes no message bigger than welcome allows', () => {
    const d = dialogue({ transports: ['websocket'] });
    for (let n = 1; n <= 8; n++) publish(d, 'x'.repeat(1_000));
    d.start();
    const limits = { message: 4_096, envelope: 65_536, sends: 256, channels: 100 };
    d.connect(1, { limits });
    d.die(1, 1006);
    d.open(d.next());
    d.hear(2, d.welcome({ limits }));
    for (const { attempt, message } of d.sent) {
      if (attempt === 2) expect(JSON.stringify(message).length).toBeLessThan(4_096);
    }
    expect(d.numbers().slice(8)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  test('sends everything unsettled again, in order, on the next connection (P38)', () => {
    const d = connected();
    for (let n = 1; n <= 3; n++) publish(d, `${n}`);
    d.hear(1, ['acked', 1, 'e', 0]);
    d.die(1, 1006);
    d.advance(1_000);
    d.open(2);
    expect(d.sent.at(-1)!.message.map(([tag, n]) => [tag, tag === 'hello' ? 0 : n])).toEqual([
      ['hello', 0],
      ['publish', 2],
      ['publish', 3],
    ]);
  });

  test('repeats the same sends over HTTP until they are answered, one message at a time (P36)', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    d.answer(1, 200, ['pong', 1]);
    d.sent.length = 0;
    publish(d, 'a');
    publish(d, 'b');
    expect(d.numbers()).toEqual([1]);
    d.answer(1, 0);
    d.advance(2_000);
    expect(d.numbers()).toEqual([1, 1, 2]);
    expect(d.sent[1]!.message[1]).toEqual(d.sent[0]!.message[1]);
    d.answer(1, 200, ['acked', 2, 'e', 0]);
    expect(d.session.outbox.sends).toHaveLength(0);
  });

  test('waits for the answer to a POST although its stream is proven meanwhile (P36)', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.open(1);
    d.hear(1, d.welcome());
    publish(d, 'a');
    d.hear(1, ['ping', 1]);
    publish(d, 'b');
    expect(d.numbers()).toEqual([1]);
    d.answer(1, 200, ['acked', 1, 'e', 0]);
    expect(d.numbers()).toEqual([1, 2]);
  });

  test('repeats what has no number too when a POST was not answered, so that a pong or a skip is not lost', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    const [first] = d.sent;
    d.answer(1, 0);
    d.advance(1_000);
    expect(d.sent[1]!.message).toEqual(first!.message);
    expect(first!.message[1]).toEqual(['pong', 1]);
  });

  test('resumes when the way up stays broken although the stream lives', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    for (let n = 0; n < 4; n++) {
      d.answer(1, 502);
      d.advance(9_000);
    }
    expect(d.closed).toContain(1);
  });

  test('halves its batches on 413, and refuses what is too big alone', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    d.answer(1, 200, ['pong', 1]);
    const sends = [1, 2, 3, 4].map(() => publish(d, 'x'.repeat(20_000)));
    d.answer(1, 413);
    d.advance(1);
    const under = () => d.sent.at(-1)!.message.filter(([tag]) => tag === 'publish').length;
    // The first went alone, before the others were there.
    expect(sends[0]!.state).toBe('rejected');
    expect(under()).toBe(1);
    d.answer(1, 200, ['expect', 1]);
    d.advance(1_000);
    expect(d.sent.at(-1)!.message[1]).toEqual(['skip', 1, 1]);
    d.answer(1, 200, ['acked', 2, 'e', 0]);
    expect(sends[1]!.state).toBe('acknowledged');
  });

  describe.each([502, 504, 0])(
    'makes its batches fit where larger ones are answered with %i (P36)',
    (status) => {
      /** A stream whose POSTs pass up to so many bytes; what came through, and how many did not. */
      const narrow = (bytes: number) => {
        const d = dialogue({ transports: ['sse'] });
        d.start();
        d.connect(1);
        d.answer(1, 200, ['pong', 1]);
        let seen = d.sent.length;
        const way = {
          d,
          passed: [] as number[],
          refused: 0,
          run() {
            let next = (way.passed.at(-1) ?? 0) + 1;
            for (let steps = 0; steps < 200; steps++) {
              for (; seen < d.sent.length; seen++) {
                const { attempt, message } = d.sent[seen]!;
                if (JSON.stringify(message).length > bytes) {
                  way.refused++;
                  d.answer(attempt, status);
                  continue;
                }
                for (const [tag, number, to] of message as [string, number, number][]) {
                  if (tag === 'skip') next = to + 1;
                  if (tag === 'publish' && number === next) way.passed.push(next++);
                }
                const isMissing = message.some(
                  ([tag, number]) => tag === 'publish' && (number as number) >= next,
                );
                d.answer(attempt, 200, ...(isMissing ? [['expect', next]] : [['acked', next - 1, 'e', 0]]));
              }
              d.advance(100);
              d.hear(1, ['ping', d.clock.now()]);
            }
            return way;
          },
        };
        return way;
      };

      test('and loses none', () => {
        const way = narrow(2_000);
        const sends = Array.from({ length: 60 }, (_, n) => publish(way.d, `${n}`.padEnd(200, '.')));
        way.run();
        expect(sends.every(({ state }) => state === 'acknowledged')).toBe(true);
        expect(way.passed).toEqual(sends.map(({ number }) => number));
        expect(way.d.closed).toEqual([]);
        expect(way.refused).toBeLessThan(10);
      });

      test('and says so of one that will never fit alone, so that those behind it go on', () => {
        const way = narrow(2_000);
        const [first, big, last] = ['a', 'x'.repeat(5_000), 'b'].map((text) => publish(way.d, text));
        way.run();
        expect([first, big, last].map((send) => send!.state)).toEqual([
          'acknowledged',
          'unknown',
          'acknowledged',
        ]);
        expect(way.d.closed).toEqual([]);
      });

      test('and keeps their size when a size that passed once does not', () => {
        const way = narrow(100_000);
        Array.from({ length: 50 }, () => publish(way.d, '.'.repeat(200)));
        way.run();
        const { sent } = way.d;
        Array.from({ length: 40 }, () => publish(way.d, '.'.repeat(200)));
        way.run();
        const before = sent.length;
        publish(way.d, 'a');
        Array.from({ length: 30 }, () => publish(way.d, '.'.repeat(200)));
        way.d.answer(1, 200, ['acked', way.passed.at(-1)! + 1, 'e', 0]);
        way.d.answer(1, status);
        way.d.advance(5_000);
        expect(sent.length).toBeGreaterThan(before);
        expect(sent.at(-1)!.message.filter(([tag]) => tag === 'publish')).toHaveLength(30);
      });
    },
  );

  test('opens without sends once an opening that carried some has failed', () => {
    const d = dialogue({ transports: ['sse', 'long-poll'] });
    publish(d, 'x'.repeat(3_000));
    d.start();
    d.die(1, 502);
    expect(d.opened.map(({ message }) => message.map(([tag]) => tag))).toEqual([
      ['hello', 'publish'],
      ['hello'],
    ]);
    d.connect(2);
    expect(d.numbers()).toEqual([1, 1]);
  });

  test('asks again at once when a send is answered in the inbox, whose POST did not wait for it (P68)', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    d.answer(1, 200, ['pong', 1]);
    const send = d.session.outbox.add('request', envelope('slow'))!;
    d.tell({ type: 'sendAdded' });
    d.answer(1, 200);
    const before = d.sent.length;
    d.hear(1, ['entry', '@', 'e', 1, envelope('reply', 1), 1]);
    expect(d.sent.length).toBe(before + 1);
    d.answer(1, 200, ['acked', 1, 'e', 1]);
    expect(send.state).toBe('acknowledged');
  });

  test('takes no word of an old connection for an epoch that its inbox never was in (P34)', () => {
    const d = dialogue({ transports: ['long-poll', 'polling'] });
    d.start();
    d.advance(300);
    publish(d, 'a');
    d.hear(2, d.welcome({ generation: 2, inbox: ['new', 0] }));
    d.answer(2, 200);
    d.hear(1, d.welcome({ generation: 1, inbox: ['old', 0] }), ['acked', 1, 'old', 0]);
    expect(d.session.outbox.sends).toHaveLength(1);
    d.answer(2, 200, ['acked', 1, 'new', 0]);
    expect(d.session.outbox.sends).toHaveLength(0);
  });

  test('does not know what became of a send that is too big now, when a copy of it went another way', () => {
    const d = connected({ transports: ['websocket', 'sse'] });
    const send = publish(d, 'x'.repeat(20_000));
    d.tell({ type: 'closed', attempt: 1, status: 1006, detail: '' });
    d.advance(10_000);
    const [sse] = d.on('sse');
    d.connect(sse!);
    d.answer(sse!, 413);
    expect(send.state).toBe('unknown');
  });

  test('sends from the missing number when the server expects it, once (P32)', () => {
    const d = connected();
    for (let n = 1; n <= 3; n++) publish(d, `${n}`);
    d.hear(1, ['expect', 2]);
    d.hear(1, ['expect', 2]);
    expect(d.numbers()).toEqual([1, 2, 3, 2, 3]);
  });

  test('tells which acknowledged sends the store lost, skips them once, and goes on (P40)', () => {
    const d = connected();
    for (let n = 1; n <= 3; n++) publish(d, `${n}`);
    d.hear(1, ['acked', 3, 'e', 0]);
    const fourth = publish(d, '4');
    d.hear(1, ['expect', 2]);
    const lost = d.told('system').find(([{ delta }]) => delta === 'sends_lost');
    expect(lost![0].payload).toEqual({ from: 2, to: 3 });
    expect(d.told('error')[0]![0]).toMatchObject({ delta: 'sends_lost' });
    expect(d.sent.at(-1)!.message).toEqual([
      ['skip', 2, 3],
      ['publish', 4, 'room', expect.anything()],
    ]);
    d.hear(1, ['expect', 2]);
    expect(d.reports().filter((one) => one === 'sends_lost')).toHaveLength(1);
    d.hear(1, ['acked', 4, 'e', 0]);
    expect(fourth.state).toBe('acknowledged');
  });

  test('says that an outcome is unknown when it fell into a gap of the inbox', () => {
    const d = connected();
    const send = publish(d, 'hi');
    d.hear(1, ['gap', '@', 'inbox_overflow', ['e', 0], ['e', 7]], ['acked', 1, 'e', 7]);
    expect(send.state).toBe('unknown');
  });

  test('doubts nothing when the inbox only goes on in another epoch (P24)', () => {
    const d = connected();
    const send = publish(d, 'hi');
    d.hear(1, ['gap', '@', 'forked', ['e', 0], ['f', 0]], ['acked', 1, 'f', 0]);
    expect(send.state).toBe('acknowledged');
  });
});

describe('liveness', () => {
  test('answers a ping of the server with the same value, and measures with one of its own (P50)', () => {
    const d = connected();
    d.hear(1, ['ping', 77]);
    expect(d.sent.at(-1)!.message).toEqual([
      ['pong', 77],
      ['ping', d.clock.now()],
    ]);
    const asked = d.clock.now();
    d.advance(80);
    d.hear(1, ['pong', asked]);
    expect(d.status().roundTrip).toBeGreaterThan(5);
  });

  test('takes a connection as dead after one and a half heartbeats of silence (P52)', () => {
    const d = connected({ transports: ['sse'] });
    d.advance(29_999);
    expect(d.closed).toEqual([]);
    d.advance(1);
    expect(d.closed).toEqual([1]);
    expect(d.reports()).toEqual(expect.arrayContaining(['heartbeat_missed', 'connection_lost']));
  });

  test('judges by receipt: whatever arrives keeps it alive, as long as heartbeats do (P52)', () => {
    const d = subscribed({ transports: ['sse'] });
    for (let offset = 1; offset < 6; offset++) {
      d.advance(20_000);
      d.hear(1, ['ping', offset]);
      d.advance(9_000);
      d.hear(1, say(offset));
    }
    d.advance(20_999);
    expect(d.closed).toEqual([]);
    d.advance(1);
    expect(d.closed).toEqual([1]);
  });

  describe('asks a stream whether it lives (P56)', () => {
    const pings = (d: Dialogue) => d.sent.flatMap(({ message }) => message.filter(([tag]) => tag === 'ping'));
    /** A message every 50 ms for a while. */
    const chat = (d: Dialogue) => {
      for (let offset = 1; offset <= 40; offset++) {
        d.advance(50);
        d.hear(1, say(offset));
      }
    };

    test('when a WebSocket is silent for half a heartbeat, and leaves it when it does not answer', () => {
      const d = connected();
      const before = pings(d).length;
      d.advance(9_999);
      expect(pings(d)).toHaveLength(before);
      d.advance(1);
      expect(pings(d)).toHaveLength(before + 1);
      d.advance(1_499);
      expect(d.closed).toEqual([]);
      d.advance(1);
      expect(d.closed).toEqual([1]);
    });

    test('and goes on with one that does', () => {
      const d = connected();
      for (let times = 0; times < 10; times++) {
        d.advance(10_000);
        d.hear(1, ['pong', d.clock.now()]);
      }
      expect(d.closed).toEqual([]);
    });

    test('when one that was busy is silent for 2 s', () => {
      const d = subscribed();
      chat(d);
      const before = pings(d).length;
      d.advance(2_000);
      expect(pings(d)).toHaveLength(before + 1);
      d.advance(1_500);
      expect(d.closed).toEqual([1]);
    });

    test('not again for what turned out to be its way', () => {
      const d = subscribed();
      chat(d);
      d.advance(2_000);
      d.hear(1, ['pong', d.clock.now()]);
      const before = pings(d).length;
      d.advance(3_900);
      expect(pings(d)).toHaveLength(before);
    });

    test('when a WebSocket does not acknowledge within 2 s', () => {
      const d = connected();
      const before = pings(d).length;
      d.session.subscribe('room', {});
      d.tell({ type: 'sendAdded' });
      d.advance(2_000);
      expect(pings(d)).toHaveLength(before + 1);
      d.advance(1_500);
      expect(d.closed).toEqual([1]);
    });

    test('by attaching another event stream beside it, and leaves the old one once that is proven', () => {
      const d = subscribed({ transports: ['sse'] });
      chat(d);
      d.advance(2_000);
      expect(d.on('sse')).toEqual([1, 2]);
      expect(d.closed).toEqual([]);
      d.connect(2);
      expect(d.closed).toEqual([1]);
      expect(d.status()).toMatchObject({ state: 'connected', transport: 'sse' });
    });

    test('by a ping beside an event stream that answered such a one before, and by another stream if it does not', () => {
      const d = connected({ transports: ['sse'] });
      d.answer(1, 200, ['pong', d.clock.now()]);
      d.hear(1, ['pong', d.clock.now()]);
      const before = pings(d).length;
      d.advance(10_000);
      expect(pings(d)).toHaveLength(before + 1);
      d.answer(1, 200, ['pong', d.clock.now()]);
      expect(d.on('sse')).toEqual([1]);
      d.advance(1_500);
      expect(d.on('sse')).toEqual([1, 2]);
      expect(d.closed).toEqual([]);
      d.connect(2);
      expect(d.closed).toEqual([1]);
    });

    test('by one stream more where the first went over a connection that is dead, too, and waits 5 s for them', () => {
      const d = subscribed({ transports: ['sse'] });
      d.answer(1, 200, ['pong', d.clock.now()]);
      d.hear(1, ['pong', d.clock.now()]);
      chat(d);
      // As it is new, it is asked in the first pause.
      d.advance(1_600);
      expect(d.on('sse')).toEqual([1, 2]);
      d.advance(1_500);
      expect(d.on('sse')).toEqual([1, 2, 3]);
      expect(d.closed).toEqual([]);
      d.connect(3);
      expect(new Set(d.closed)).toEqual(new Set([1, 2]));
      expect(d.explain().attempts.map(({ verdict }) => verdict)).toEqual(['half-open', 'left', undefined]);
      d.advance(5_000);
      expect(d.on('sse')).toEqual([1, 2, 3]);
    });

    test('not by pings that went to another node a few times', () => {
      const d = connected({ transports: ['sse'] });
      for (let times = 0; times < 5; times++) {
        const newest = d.on('sse').at(-1)!;
        d.answer(newest, 200, ['pong', d.clock.now()]);
        // Its heartbeat is answered by the same node by chance, and later pings are not.
        d.hear(newest, ['ping', 1], ['pong', d.clock.now()]);
        d.answer(newest, 200, ['pong', d.clock.now()]);
        d.advance(10_000);
        d.answer(newest, 200, ['pong', d.clock.now()]);
        d.advance(1_500);
        const next = d.on('sse').at(-1)!;
        if (next !== newest) d.connect(next);
      }
      expect(d.on('sse')).toHaveLength(3);
    });

    test('by a poll that is not held, where answers came often', () => {
      const d = dialogue({ transports: ['long-poll'] });
      d.start();
      d.connect(1);
      for (let times = 0; times < 40; times++) {
        d.advance(100);
        d.hear(1, ['entry', '@', 'e', times + 1, envelope('note')]);
      }
      const waits = () => d.opened.map(({ message }) => (message[0]![1] as { wait?: number }).wait);
      const before = waits().length;
      d.advance(2_000);
      expect(waits().slice(before)).toEqual([0]);
      d.hear(1);
      expect(waits().slice(before)).toEqual([0, 15_000]);
      d.advance(4_200);
      expect(waits().slice(before)).toEqual([0, 15_000, 0]);
      d.advance(1_500);
      expect(d.closed).toEqual([1]);
    });

    test('with more patience where a round trip takes long', () => {
      const d = connected();
      for (let times = 0; times < 30; times++) d.hear(1, ['pong', d.clock.now() - 600]);
      d.advance(2_000);
      // Six of the smoothed round trips.
      const patience = 6 * d.status().roundTrip!;
      d.advance(patience - 1);
      expect(d.closed).toEqual([]);
      d.advance(2);
      expect(d.closed).toEqual([1]);
    });
  });

  test('leaves an event stream that brings each entry with the next one only (P58)', () => {
    const d = subscribed({ transports: ['sse', 'long-poll'] });
    const [asked] = d.sent.at(-1)!.message.filter(([tag]) => tag === 'ping');
    d.answer(1, 200, ['pong', asked![1]]);
    d.hear(1, ['pong', asked![1]]);
    let offset = 1;
    while (d.closed.length === 0 && offset < 40) {
      d.hear(1, say(offset++));
      const before = d.sent.length;
      d.advance(100);
      const ping = d.sent
        .slice(before)
        .flatMap(({ message }) => message.filter(([tag]) => tag === 'ping'))[0];
      if (!ping) continue;
      // The answer pushes out what was kept, and its copy on the stream is kept until the next entry is written.
      d.answer(1, 200, ['pong', ping[1]]);
      d.hear(1, say(offset++));
      d.advance(200);
      d.hear(1, ['pong', ping[1]]);
      d.advance(0);
    }
    expect(d.explain().attempts[0]).toMatchObject({ verdict: 'sse-one-behind' });
    expect(offset).toBeLessThan(20);
    d.next();
    expect(d.last().transport).toBe('long-poll');
  });

  test('takes the first cut in a silence for what it may be, and no transport for its cause', () => {
    const d = connected({ transports: ['websocket', 'sse'], path: createPath() });
    d.advance(5_000);
    d.hear(1, ['pong', d.clock.now()]);
    d.advance(4_900);
    d.die(1, 1006);
    expect(d.explain().attempts[0]).toMatchObject({ verdict: 'idle-cut' });
    d.connect(d.next());
    expect(d.status().transport).toBe('websocket');
    d.advance(1_000);
    d.die(2, 1006);
    expect(d.explain().attempts[1]).toMatchObject({ verdict: 'ws-killed-early' });
    d.next();
    expect(d.last().transport).toBe('sse');
  });

  test('leaves an event stream that brings what came before each heartbeat, and not the heartbeat (P52)', () => {
    const d = dialogue({ transports: ['sse', 'long-poll'] });
    d.start();
    d.connect(1);
    d.advance(20_000);
    // Held back since the first ping, and pushed through by the second one, which is held back itself.
    d.hear(1, ['entry', '@', 'e', 1, envelope('note')]);
    d.advance(14_999);
    expect(d.closed).toEqual([]);
    d.advance(1);
    expect(d.explain().attempts[0]).toMatchObject({ verdict: 'sse-one-behind' });
    d.advance(1_000);
    expect(d.opened[1]!.transport).toBe('long-poll');
  });

  test('asks at once when the page wakes, and has no patience then', () => {
    const d = connected();
    d.advance(10_000);
    d.tell({ type: 'pageChanged', signal: 'visible' });
    expect(d.sent.at(-1)!.message[0]![0]).toBe('ping');
    d.advance(5_000);
    expect(d.closed).toEqual([1]);
  });

  test('opens a new stream beside an old one when the page wakes, for only the stream itself could answer', () => {
    const d = dialogue({ transports: ['sse'] });
    d.start();
    d.connect(1);
    d.advance(6_000);
    d.tell({ type: 'pageChanged', signal: 'visible' });
    expect(d.on('sse')).toEqual([1, 2]);
    expect(d.closed).toEqual([]);
    d.connect(2);
    expect(d.closed).toEqual([1]);
  });

  test('keeps its watch over a poll when the page wakes', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    d.advance(2_000);
    d.tell({ type: 'pageChanged', signal: 'visible' });
    d.advance(17_000);
    expect(d.closed).toEqual([1]);
  });

  test('gives up a poll that is not answered in its hold and 4 s (P52)', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    d.advance(18_999);
    expect(d.closed).toEqual([]);
    d.advance(1);
    expect(d.closed).toEqual([1]);
  });

  test('does not take the page of a captive portal for a sign of life', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    d.advance(10_000);
    d.tell({ type: 'received', attempt: 1, text: '<html>' });
    d.advance(9_000);
    expect(d.closed).toEqual([1]);
  });

  test('stays connected for 5 s without a connection, and says so only then', () => {
    const d = connected();
    d.die(1, 1006);
    d.advance(4_999);
    expect(d.status().state).toBe('connected');
    d.advance(1);
    expect(d.status().state).toBe('reconnecting');
    d.connect(d.last().attempt);
    expect(d.status().state).toBe('connected');
    expect(d.reports()).toContain('session_resumed');
  });
});

describe('polls', () => {
  test('polls again at once with its cursors, holding', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    expect(d.last().message).toEqual([
      [
        'continue',
        { nonce: expect.any(String), key: 'key-1', generation: 1, cursors: { '@': ['e', 0] }, wait: 15_000 },
      ],
    ]);
    d.hear(1, ['entry', '@', 'e', 1, envelope('news')]);
    expect(d.last().message[0]![1]).toMatchObject({ cursors: { '@': ['e', 1] } });
  });

  test('does not go round when a poll is answered at once with nothing', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    const before = d.opened.length;
    for (let n = 0; n < 20; n++) d.hear(1);
    expect(d.opened.length).toBe(before);
    d.advance(1_000);
    expect(d.opened.length).toBe(before + 1);
  });

  test('polls at once for an outcome that waits in the inbox', () => {
    const d = dialogue({ transports: ['polling'] });
    d.start();
    d.connect(1);
    publish(d, 'hi');
    const before = d.opened.length;
    d.answer(1, 200, ['acked', 1, 'e', 1]);
    d.advance(0);
    expect(d.opened.length).toBe(before + 1);
  });

  test('polls without hold at a pace that slows down when idle', () => {
    const d = dialogue({ transports: ['polling'] });
    d.start();
    d.connect(1);
    const times: number[] = [];
    for (let n = 0; n < 8; n++) {
      const count = d.opened.length;
      const from = d.clock.now();
      while (d.opened.length === count) d.advance(100);
      times.push(d.clock.now() - from);
      d.hear(1);
    }
    expect(times[0]).toBe(1_000);
    expect(times.at(-1)).toBe(5_000);
    expect(d.last().message[0]![1]).toMatchObject({ wait: 0 });
  });
});

describe('the end', () => {
  test('opens a new session with its channel cursors when the server lost it, and settles what is open as unknown (P14)', () => {
    const d = subscribed();
    const send = publish(d, 'hi');
    d.hear(1, ['close', code('session_unknown', 'open_session')]);
    expect(send.state).toBe('unknown');
    expect(d.settled().at(-1)!.error).toBeInstanceOf(OutcomeUnknown);
    expect(d.told('session').at(-1)).toEqual([{ session: 'session-1', lost: true }]);
    d.advance(1_000);
    d.open(2);
    const [frame, ...rest] = d.sent.at(-1)!.message;
    expect(frame![1]).toMatchObject({ cursors: { room: ['r', 0] }, nonce: 'nonce-2'.padEnd(22, '-') });
    expect(frame![1]).not.toHaveProperty('key');
    expect(frame![1]).not.toHaveProperty('cursors.@');
    expect(rest).toEqual([]);
    d.hear(2, d.welcome({ session: 'session-2', inbox: ['f', 0] }), say(1));
    expect(d.entries('room')).toEqual([1]);
    expect(publish(d, 'again').number).toBe(1);
  });

  test('opens a new session when its key is refused: no credentials would mend that (P11)', () => {
    const d = connected();
    d.die(1, 1006);
    d.open(d.next());
    d.hear(2, ['close', code('unauthorized', 'refresh_credentials', { field: 'key' })]);
    expect(d.told('session').at(-1)).toEqual([{ session: 'session-1', lost: true }]);
    d.open(d.next());
    expect(d.sent.at(-1)!.message[0]![1]).not.toHaveProperty('key');
  });

  test('enters the member list again in a new session, where it was (P45)', () => {
    const d = connected();
    d.session.subscribe('room', { presence: { name: 'a' } });
    d.tell({ type: 'sendAdded' });
    d.hear(
      1,
      ['entry', '@', 'e', 1, envelope('subscribed', { channel: 'room', position: ['r', 4] }), 1],
      ['acked', 1, 'e', 1],
    );
    d.hear(1, ['close', code('session_unknown', 'open_session')]);
    d.advance(1_000);
    d.open(2);
    expect(d.sent.at(-1)!.message[1]).toEqual([
      'subscribe',
      1,
      'room',
      { since: ['r', 4], presence: { name: 'a' } },
    ]);
  });

  test.each([
    ['resume', true],
    ['back_off', true],
    ['reconnect_elsewhere', true],
    ['an_advice_of_the_future', true],
    ['stop', false],
    ['reload_application', false],
  ])('obeys the advice %s of a code that it has never met (P70)', (advice, again) => {
    const d = connected();
    d.hear(1, ['close', code('from_the_future', advice)]);
    d.advance(30_000);
    expect(d.on('websocket').length > 1).toBe(again);
    expect(d.status().state === 'closed').toBe(!again);
  });

  test('waits at least as long as a refusal says', () => {
    const d = connected();
    d.hear(1, ['close', code('rate_limited', 'back_off', { retryAfter: 7_000 })]);
    d.advance(6_999);
    expect(d.on('websocket')).toHaveLength(1);
    d.advance(1);
    expect(d.on('websocket')).toHaveLength(2);
  });

  test('asks for credentials again when they are refused, a few times', () => {
    let asked = 0;
    const d = dialogue({ transports: ['websocket'], auth: () => ++asked });
    d.start();
    for (let attempt = 1; d.status().state !== 'closed'; attempt = d.next()) {
      d.open(attempt);
      d.hear(attempt, ['close', code('unauthorized', 'refresh_credentials')]);
      if (attempt === 4) break;
    }
    expect(asked).toBe(4);
    expect(d.told('error').at(-1)![0]).toMatchObject({ delta: 'unauthorized' });
    expect(d.status().state).toBe('closed');
  });

  test('refreshes credentials on the living connection when an error asks for it', () => {
    let asked = 0;
    const d = connected({ auth: () => `token-${++asked}` });
    d.hear(1, ['error', code('unauthorized', 'refresh_credentials')]);
    expect(d.sent.at(-1)!.message).toEqual([['auth', 'token-2']]);
    expect(d.closed).toEqual([]);
  });

  test('ignores that an old connection was superseded (P13)', () => {
    const d = connected();
    d.hear(1, ['drain', envelope('drain', { after: 0 })]);
    d.advance(1);
    d.open(2);
    d.hear(2, d.welcome());
    d.hear(1, ['close', code('superseded', 'resume')]);
    expect(d.on('websocket')).toEqual([1, 2]);
    d.hear(2, ['ping', 1]);
    d.advance(1_000);
    expect(d.on('websocket')).toEqual([1, 2]);
  });

  test('lets neither an old connection nor a probe end the session (P13, P16)', () => {
    const d = dialogue({ transports: ['websocket', 'sse'], probe: [1_000] });
    d.start();
    d.die(1, 1006);
    d.connect(2);
    d.hear(2, ['drain', envelope('drain', { after: 0 })]);
    d.advance(0);
    d.open(3);
    d.hear(3, d.welcome());
    d.hear(2, ['close', code('forbidden', 'stop')]);
    d.hear(3, ['ping', 1]);
    d.open(d.next());
    d.hear(d.last().attempt, ['close', code('session_unknown', 'open_session')]);
    expect(d.status().state).toBe('connected');
    expect(d.told('session')).toHaveLength(1);
  });

  test('takes it calmly when the server supersedes a poll before the new connection is welcomed (P13)', () => {
    const d = dialogue({ transports: ['websocket', 'long-poll'], probe: [1_000] });
    d.start();
    d.die(1, 1006);
    d.connect(2);
    d.advance(1_000);
    d.prove(3);
    d.open(4);
    d.hear(2, ['close', code('superseded', 'resume')]);
    d.hear(4, d.welcome(), ['ping', 1]);
    expect(d.reports()).not.toContain('connection_lost');
    expect(d.told('transport')).toEqual([
      [{ from: undefined, to: 'long-poll' }],
      [{ from: 'long-poll', to: 'websocket' }],
    ]);
    expect(d.on('long-poll')).toEqual([2]);
  });

  test('moves make-before-break when the node drains: the old one delivers until the new one is proven (P71)', () => {
    const d = subscribed();
    d.hear(1, ['drain', envelope('drain', { after: 5_000 })]);
    d.advance(4_999);
    expect(d.on('websocket')).toEqual([1]);
    d.advance(1);
    d.open(2);
    d.hear(1, say(1));
    d.hear(2, d.welcome(), say(1), say(2));
    d.hear(1, say(2), say(3));
    expect(d.closed).toEqual([]);
    d.hear(2, ['ping', 1]);
    expect(d.closed).toEqual([1]);
    expect(d.entries('room')).toEqual([1, 2, 3]);
    expect(d.reports()).not.toContain('connection_lost');
  });

  test('only asks again when the node that answers a poll drains: any node takes the next one (P71)', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    const asked = () => d.sent.length + d.effects.filter(([what]) => what === 'open').length;
    const before = asked();
    d.hear(1, ['drain', envelope('drain', { after: 0 })]);
    expect(asked()).toBeGreaterThan(before);
    d.advance(10_000);
    expect(d.on('long-poll')).toEqual([1]);
  });

  test('says bye and settles what is open when it is closed (P72)', () => {
    const d = connected();
    const send = publish(d, 'hi');
    d.tell({ type: 'closeAsked' });
    expect(d.sent.at(-1)!.message).toEqual([['bye']]);
    expect(send.state).toBe('unknown');
    expect(d.session.deadline).toBe(Infinity);
    expect(d.effects.at(-1)).toMatchObject(['stop', { code: 'closed' }]);
  });

  describe('when its page leaves', () => {
    const leave = (d: ReturnType<typeof dialogue>) => {
      d.tell({ type: 'pageChanged', signal: 'left' });
      return d.effects.flatMap((effect) => (effect[0] === 'bye' ? [JSON.parse(effect[1]) as unknown] : []));
    };
    const byRequest = (generation: number) => [
      ['continue', { nonce: 'nonce-1'.padEnd(22, '-'), key: 'key-1', generation }],
      ['bye'],
    ];

    test('says bye on its socket, and in a request, for the socket may be closed already (P72)', () => {
      const d = connected();
      expect(leave(d)).toEqual([byRequest(1)]);
      expect(d.sent.at(-1)!.message).toEqual([['bye']]);
    });

    test('says bye without a connection too', () => {
      const d = connected();
      d.die(1, 1001);
      const before = d.sent.length;
      expect(leave(d)).toEqual([byRequest(1)]);
      expect(d.sent).toHaveLength(before);
    });

    test('says it once over HTTP', () => {
      const d = dialogue({ transports: ['sse'] });
      d.start();
      d.connect(1);
      const before = d.sent.length;
      expect(leave(d)).toEqual([byRequest(1)]);
      expect(d.sent).toHaveLength(before);
    });

    test('has nothing to say before there is a session', () => {
      const d = dialogue({ transports: ['websocket'] });
      d.start();
      d.open(1);
      expect(leave(d)).toEqual([]);
    });
  });

  test('says bye in a request when it is closed over HTTP', () => {
    const d = dialogue({ transports: ['long-poll'] });
    d.start();
    d.connect(1);
    d.tell({ type: 'closeAsked' });
    expect(d.effects).toContainEqual(['bye', expect.stringMatching(/^\[\["continue",.*\["bye"\]\]$/)]);
  });

  test('parks with the page and resumes the same session when it is shown again', () => {
    const d = subscribed();
    d.tell({ type: 'pageChanged', signal: 'parked' });
    expect(d.closed).toEqual([1]);
    d.advance(60_000);
    expect(d.on('websocket')).toEqual([1]);
    d.tell({ type: 'pageChanged', signal: 'visible' });
    d.open(2);
    expect(d.sent.at(-1)!.message[0]![1]).toMatchObject({ key: 'key-1' });
  });
});
