// Too much of everything: too long, too many, too fast, too slow, never finished. Others must not notice.

import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  ATTACKER,
  asked,
  envelopeOf,
  faultOf,
  http,
  isEntry,
  isTag,
  KINDS,
  mark,
  nonce,
  Opcode,
  Peer,
  said,
  tcp,
  upgrade,
  upgradeRequest,
  webSocket,
  webSocketFrame,
} from './peer.js';
import type { RawWebSocket } from './peer.js';
import { keepsItsLogClean, withServer } from './suite.js';

const LIMIT = 262_144;
const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const POSTS = ['/realtime/sse', '/realtime/poll', '/realtime/send'];
const hello = (): string => JSON.stringify([['hello', { version: 1, nonce: nonce() }]]);

const head = (port: number, path: string, headers: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: text/plain\r\n${headers}\r\n\r\n`;

describe('A server with the default limits', () => {
  const suite = withServer({ options: { times: { hello: 2_000, heartbeat: 1_000 } } });

  const silent = async (): Promise<RawWebSocket> => {
    const socket = await webSocket(suite.port);
    socket.answers = false;
    return socket;
  };

  it('S21 refuses a WebSocket message over the limit at its declared length, and keeps nothing of it (P62)', async () => {
    const before = await suite.server.stats();
    for (const declare of [BigInt(LIMIT + 1), BigInt(GIB), 2n ** 40n, 2n ** 63n - 1n]) {
      for (const opcode of [Opcode.text, Opcode.binary]) {
        const socket = await silent();
        socket.socket.write(webSocketFrame(opcode, mark(), { declare }));
        expect(await socket.closed).toBe(1009);
      }
      const peer = await Peer.open('websocket', suite.port);
      peer.socket?.socket.write(webSocketFrame(Opcode.text, mark(), { declare }));
      expect(await peer.socket?.closed).toBe(1009);
    }
    const after = await suite.server.settles(({ active }) => active <= before.active);
    expect(after.active).toBe(before.active);
    expect(after.rss - before.rss).toBeLessThan(64 * MIB);
  });

  it('S21 refuses fragments that are over the limit together, and takes a message of exactly the limit (P4)', async () => {
    const peer = await Peer.open('websocket', suite.port);
    const request = JSON.stringify([['request', peer.next(), asked('echo')]]);
    peer.socket?.text(request.padEnd(LIMIT, ' '));
    expect((await peer.outcome(1)).delta).toBe('reply');
    peer.socket?.socket.write(webSocketFrame(Opcode.text, ' '.repeat(LIMIT), { fin: false }));
    peer.socket?.socket.write(webSocketFrame(Opcode.continuation, ' '));
    expect(await peer.socket?.closed).toBe(1009);
  });

  it.each(POSTS)(
    'S21 refuses 1 GiB declared on %s before a byte of it comes, and closes (P62)',
    async (path) => {
      for (const length of [LIMIT + 1, GIB, 2 ** 53]) {
        const answer = await tcp(suite.port, head(suite.port, path, `Content-Length: ${length}`) + mark());
        expect([answer.status, answer.closed]).toEqual([413, true]);
        expect(answer.body).toContain('"too_big"');
      }
      expect(await suite.refusals('too_big', 3)).toHaveLength(3);
    },
  );

  it.each(POSTS)(
    'S32 counts a chunked body on %s while it is read, refuses it and closes (P62)',
    async (path) => {
      const chunk = `10000\r\n${' '.repeat(65_536)}\r\n`;
      const { status, sent, closed } = await new Promise<{ status: number; sent: number; closed: boolean }>(
        (resolve) => {
          const socket = connect({ host: '127.0.0.1', port: suite.port, localAddress: ATTACKER });
          let text = '';
          let chunks = 0;
          const finish = (isClosed: boolean): void => {
            clearTimeout(timer);
            socket.destroy();
            resolve({ status: Number(text.slice(9, 12)), sent: chunks * 65_536, closed: isClosed });
          };
          const timer = setTimeout(() => finish(false), 8_000);
          const more = (): void => {
            // Until the server has enough of it, and never more than a gigabyte.
            while (!socket.destroyed && chunks < 16_384) {
              chunks++;
              if (!socket.write(chunk)) {
                socket.once('drain', more);
                return;
              }
            }
          };
          socket.setEncoding('utf8');
          socket.on('data', (part: string) => (text += part));
          socket.on('error', () => {});
          socket.on('close', () => finish(true));
          socket.write(head(suite.port, path, 'Transfer-Encoding: chunked'));
          more();
        },
      );
      expect(closed).toBe(true);
      // A peer that goes on writing may meet the reset before it reads the answer.
      expect([413, 0]).toContain(status);
      expect(await suite.refusals('too_big')).toMatchObject([{ field: 'body' }]);
      expect(sent).toBeLessThan(64 * MIB);
    },
  );

  it('S33 keeps no descriptor of 500 refused bodies and 200 that are cut off', async () => {
    const before = await suite.server.stats();
    for (let round = 0; round < 25; round++) {
      await Promise.all([
        ...Array.from({ length: 20 }, async (_, at) => {
          const path = POSTS[at % POSTS.length] ?? '';
          const answer = await http(suite.port, {
            path,
            body: mark(),
            headers: { 'content-type': 'image/png' },
          });
          expect(answer.status).toBe(415);
        }),
        ...Array.from({ length: 8 }, (_, at) => {
          const path = POSTS[at % POSTS.length] ?? '';
          const framing = at % 2 === 0 ? 'Content-Length: 100' : 'Transfer-Encoding: chunked';
          return new Promise<void>((resolve) => {
            const socket = connect({ host: '127.0.0.1', port: suite.port, localAddress: ATTACKER });
            socket.on('error', () => {});
            socket.on('close', () => resolve());
            const body = at % 2 === 0 ? mark() : `5\r\n${mark().slice(0, 5)}\r\n`;
            socket.write(head(suite.port, path, framing) + body, () => {
              if (at < 4) socket.resetAndDestroy();
              else socket.destroy();
            });
          });
        }),
      ]);
    }
    const after = await suite.server.settles(({ fds }) => fds <= before.fds);
    expect(after.fds).toBeLessThanOrEqual(before.fds);
  });

  it('S27 lives through resets in the middle of an upgrade', async () => {
    const before = await suite.server.stats();
    for (let round = 0; round < 100; round++) {
      await new Promise<void>((resolve) => {
        const socket = connect({ host: '127.0.0.1', port: suite.port, localAddress: ATTACKER });
        socket.on('error', () => {});
        socket.on('close', () => resolve());
        socket.write(upgradeRequest(suite.port, {}), () => socket.resetAndDestroy());
      });
    }
    const after = await suite.server.settles(
      ({ fds, active }) => fds <= before.fds && active <= before.active,
    );
    expect([after.fds <= before.fds, after.active]).toEqual([true, before.active]);
  });

  it('S22 closes endless empty fragments, and tiny ones', async () => {
    for (const payload of ['', 'x']) {
      const socket = await silent();
      const piece = webSocketFrame(Opcode.continuation, payload, { fin: false });
      socket.socket.write(webSocketFrame(Opcode.text, payload, { fin: false }));
      socket.socket.write(Buffer.concat(new Array<Buffer>(20_000).fill(piece)));
      expect(await socket.closed).toBe(1008);
    }
  });

  it('S22 closes a message that never ends: before hello with timeout, behind it when nothing was heard for long (P53, P67)', async () => {
    const stranger = await silent();
    const peer = await Peer.open('websocket', suite.port);
    const known = peer.socket as RawWebSocket;
    known.answers = false;
    for (const socket of [stranger, known]) {
      socket.socket.write(webSocketFrame(Opcode.text, '[', { fin: false }));
      const trickle = setInterval(
        () => socket.socket.write(webSocketFrame(Opcode.continuation, ' ', { fin: false })),
        100,
      );
      void socket.closed.then(() => clearInterval(trickle));
    }
    expect(await Promise.all([stranger.closed, known.closed])).toEqual([4408, 4408]);
    // Pings of RFC 6455 are no sign of life of a client: a dead page's browser answers them.
    expect(envelopeOf(await stranger.received.until(isTag('close'))).lambda).toBe('resume');
  });

  it('S23 negotiates no compression, and refuses a compressed message', async () => {
    const headers = {
      'Sec-WebSocket-Extensions': 'permessage-deflate; client_max_window_bits; server_no_context_takeover',
    };
    const answer = await upgrade(suite.port, { headers });
    expect(answer.status).toBe(101);
    expect(answer.head).not.toMatch(/extensions/i);
    answer.webSocket?.socket.write(webSocketFrame(Opcode.text, Buffer.alloc(1_000), { rsv: 0x40 }));
    expect(await answer.webSocket?.closed).toBe(1002);
  });

  it('S36 slows a session that is too fast over WebSocket, and loses, doubles and reorders nothing', async () => {
    const peer = await Peer.open('websocket', suite.port);
    const channel = `room:${mark()}`;
    await peer.subscribe(channel);
    const begun = performance.now();
    const sends = Array.from({ length: 500 }, (_, at) => ['publish', peer.next(), channel, said(String(at))]);
    await peer.say(...sends);
    await peer.until((frame) => frame[0] === 'acked' && frame[1] === 501);
    await peer.until(isEntry(channel, '499'));
    expect(performance.now() - begun).toBeGreaterThan(400);
    const texts = peer.received.frames
      .filter(isEntry(channel))
      .map((frame) => envelopeOf(frame).payload.text);
    expect(texts).toEqual(sends.map((_, at) => String(at)));
    peer.leave();
  });

  it('S36 closes a session with rate_limited that sends past its window', async () => {
    const peer = await Peer.open('websocket', suite.port);
    for (let message = 0; message < 4; message++) {
      await peer.say(...Array.from({ length: 500 }, () => ['publish', peer.next(), 'room:any', said()]));
    }
    expect(await peer.socket?.closed).toBe(4429);
    expect(await suite.refusals('rate_limited')).toHaveLength(1);
    const again = await Peer.open('websocket', suite.port, {
      hello: { nonce: peer.nonce, key: peer.welcome.key },
    });
    expect(again.welcome.acked).toBeLessThanOrEqual(450);
    again.leave();
  });

  it.each(['send', 'poll'] as const)(
    'S36 answers a session that is too fast over %s with what was done and when to come again (P36, P65)',
    async (kind) => {
      const peer = await Peer.open(kind, suite.port);
      const channel = `room:${mark()}`;
      await peer.subscribe(channel);
      const sends = Array.from({ length: 500 }, (_, at) => [
        'publish',
        peer.next(),
        channel,
        said(String(at)),
      ]);
      const first = await peer.say(...sends);
      expect([first?.status, first === undefined ? '' : faultOf(first).code]).toEqual([429, 'rate_limited']);
      expect(Number(first?.headers['retry-after'])).toBeGreaterThan(0);
      let answer = first;
      for (let tries = 0; tries < 500 && answer?.status !== 200; tries++) answer = await peer.say(...sends);
      expect(answer?.status).toBe(200);
      const acked = answer?.frames.filter(isTag('acked')).at(-1);
      expect(acked?.[1]).toBe(501);
      if (kind === 'send') await peer.until(isEntry(channel, '499'));
      const texts = peer.received.frames
        .filter(isEntry(channel))
        .map((frame) => envelopeOf(frame).payload.text);
      const distinct = texts.filter((text, at) => texts.indexOf(text) === at);
      expect(distinct).toEqual(sends.slice(0, distinct.length).map((_, at) => String(at)));
      peer.leave();
    },
  );

  it('S36 counts the sends of a session over all its requests, and over the connections that it opens again', async () => {
    const begun = performance.now();
    const peer = await Peer.open('send', suite.port);
    let acked = 0;
    for (let round = 0; round < 8; round++) {
      const { nonce: again, welcome } = peer;
      const next =
        round % 2 === 0
          ? peer
          : await Peer.open('websocket', suite.port, { hello: { nonce: again, key: welcome.key } });
      const sends = Array.from({ length: 300 }, (_, at) => ['publish', acked + at + 1, 'room:any', said()]);
      await next.say(...sends, ['ping', round]);
      const told = await next.until((frame) => frame[0] === 'acked' || frame[0] === 'error');
      void told;
      const last = next.received.frames.filter(isTag('acked')).at(-1);
      acked = Math.max(acked, Number(last?.[1] ?? 0));
      if (next !== peer) next.leave();
    }
    const allowed = 400 + ((performance.now() - begun) / 1000) * 200;
    expect(acked).toBeLessThanOrEqual(allowed + 50);
    expect(acked).toBeGreaterThanOrEqual(400);
  });

  it.each([
    ['pings', (): unknown => ['ping', 1]],
    ['acknowledgements', (): unknown => ['ack', 0]],
    ['frames that cannot be read', (): unknown => [mark()]],
    ['credentials', (): unknown => ['auth', { token: mark() }]],
  ] as const)('S36 closes a connection that floods with %s', async (_what, frame) => {
    const peer = await Peer.open('websocket', suite.port);
    for (let message = 0; message < 10; message++) await peer.say(...Array.from({ length: 300 }, frame));
    expect([4429, 4401]).toContain(await peer.socket?.closed);
    expect(peer.received.frames.length).toBeLessThan(1_000);
  });

  it('S36 answers at most a message of frames that cannot be read in one request', async () => {
    for (const kind of ['poll', 'send'] as const) {
      const peer = await Peer.open(kind, suite.port);
      const answer = await peer.say(...Array.from({ length: 511 }, () => [mark()]));
      expect(answer?.frames).toHaveLength(511);
      expect(answer?.text.length).toBeLessThan(300 * 511);
      await peer.isUp();
    }
  });

  it('S38 bounds what it keeps for a client that asks and never reads', async () => {
    const before = await suite.server.stats();
    const flood = async (message: Buffer): Promise<void> => {
      const peer = await Peer.open('websocket', suite.port);
      const socket = peer.socket?.socket;
      socket?.pause();
      await new Promise<void>((resolve) => {
        let messages = 0;
        const more = (): void => {
          while (messages < 20_000 && socket?.destroyed === false) {
            messages++;
            if (!socket.write(message)) return void socket.once('drain', more);
          }
          resolve();
        };
        socket?.once('close', () => resolve());
        const patience = setTimeout(resolve, 3_000);
        patience.unref();
        more();
      });
      const { rss } = await suite.server.stats();
      expect(rss - before.rss).toBeLessThan(96 * MIB);
      socket?.destroy();
    };
    await flood(webSocketFrame(Opcode.text, JSON.stringify(Array.from({ length: 300 }, () => ['ping', 1]))));
    await flood(webSocketFrame(Opcode.text, JSON.stringify(Array.from({ length: 300 }, () => 0))));
    await flood(Buffer.concat(new Array<Buffer>(200).fill(webSocketFrame(Opcode.ping, 'x'.repeat(125)))));
    const after = await suite.server.settles(({ active }) => active <= before.active);
    expect(after.active).toBe(before.active);
  });

  it.each(KINDS)(
    'S40 lets a session over %s have 100 channels, and says which one is too many',
    async (kind) => {
      const peer = await Peer.open(kind, suite.port);
      const names = Array.from({ length: 150 }, () => `room:${mark()}`);
      const numbers = names.map(() => peer.next());
      await peer.say(...names.slice(0, 75).map((name, at) => ['subscribe', numbers[at], name, {}]));
      await peer.outcome(numbers[74] ?? 0);
      await peer.say(...names.slice(75).map((name, at) => ['subscribe', numbers[at + 75], name, {}]));
      await peer.outcome(numbers[149] ?? 0);
      const outcomes = await Promise.all(numbers.map((number) => peer.outcome(number)));
      const deltas = outcomes.map(({ delta }) => delta);
      expect(deltas).toEqual([...new Array(100).fill('subscribed'), ...new Array(50).fill('rate_limited')]);
      expect(outcomes[100]?.payload.field).toBe('channel');
      // Full, and one changed for another in one message.
      const [again, gone, instead, over] = [peer.next(), peer.next(), peer.next(), peer.next()];
      const [first, second, another] = [names[0], names[1], names[149]];
      delete peer.cursors[second ?? ''];
      await peer.say(
        ['subscribe', again, first, {}],
        ['unsubscribe', gone, second],
        ['subscribe', instead, another, {}],
        ['subscribe', over, names[148], {}],
      );
      const changed = await Promise.all([again, gone, instead, over].map((number) => peer.outcome(number)));
      expect(changed.map(({ delta }) => delta)).toEqual([
        ...['subscribed', 'unsubscribed', 'subscribed', 'rate_limited'],
      ]);
      await peer.isUp();
      peer.leave();
    },
  );

  it('S40 counts the channels of a session that only posts', async () => {
    const peer = await Peer.open('send', suite.port);
    for (let batch = 0; batch < 3; batch++) {
      const names = Array.from({ length: 40 }, () => `room:${mark()}`);
      await peer.say(...names.map((name) => ['subscribe', peer.next(), name, {}]));
    }
    const outcomes = await Promise.all(Array.from({ length: 120 }, (_, at) => peer.outcome(at + 1)));
    expect(outcomes.map(({ delta }) => delta)).toEqual([
      ...new Array(100).fill('subscribed'),
      ...new Array(20).fill('rate_limited'),
    ]);
  });

  it('S40 refuses data for the member list that makes no envelope', async () => {
    const peer = await Peer.open('websocket', suite.port);
    const { delta, payload } = await peer.subscribe(`room:${mark()}`, { presence: 'x'.repeat(70_000) });
    expect([delta, payload.field]).toEqual(['too_big', 'options.presence']);
    await peer.isUp();
    peer.leave();
  });

  keepsItsLogClean(suite);
});

describe('A server with small limits', () => {
  const suite = withServer(
    {
      options: {
        limits: {
          strangersPerAddress: 10,
          connectionsPerAddress: 30,
          bodies: MIB,
          openRate: { perSecond: 10, burst: 20 },
          requestRate: { perSecond: 100_000, burst: 100_000 },
        },
        times: { hello: 1_000, slow: 500 },
      },
    },
    'send',
  );

  it('S34 takes ten silent sockets of an address, closes them after their time, and takes others then (P67)', async () => {
    const from = '127.0.0.3';
    const sockets: RawWebSocket[] = [];
    for (let count = 0; count < 10; count++) sockets.push(await webSocket(suite.port, { from }));
    const refused = await upgrade(suite.port, { from });
    expect(refused.status).toBe(503);
    const stream = await http(suite.port, { path: '/realtime/sse', body: hello(), from });
    expect([stream.status, faultOf(stream)]).toMatchObject([503, { code: 'overload', field: 'address' }]);
    expect(await Promise.all(sockets.map(({ closed }) => closed))).toEqual(new Array(10).fill(4408));
    for (const { received } of sockets)
      expect(envelopeOf(await received.until(isTag('close'))).delta).toBe('timeout');
    const next = await Peer.open('websocket', suite.port, { from });
    await next.isUp();
    next.leave();
    expect(await suite.refusals('timeout', 10)).toHaveLength(10);
  });

  /** Requests whose bodies stop in their middle. */
  const half = (count: number, from: string, bytes: number): Socket[] =>
    Array.from({ length: count }, (_, at) => {
      const socket = connect({ host: '127.0.0.1', port: suite.port, localAddress: from });
      socket.on('error', () => {});
      const path = POSTS[at % POSTS.length] ?? '';
      socket.write(head(suite.port, path, `Content-Length: ${LIMIT}`) + ' '.repeat(bytes));
      return socket;
    });

  it('S33 takes a place for a message before it is read: ten halves of an address at once, others then', async () => {
    const from = '127.0.0.5';
    const halves = half(10, from, 10);
    const refused = async (): Promise<boolean> => {
      const answer = await http(suite.port, { path: '/realtime/poll', body: hello(), from });
      if (answer.status === 200) return false;
      expect([answer.status, faultOf(answer)]).toMatchObject([503, { code: 'overload', field: 'address' }]);
      expect(Number(answer.headers['retry-after'])).toBeGreaterThan(0);
      return true;
    };
    await expect.poll(refused).toBe(true);
    for (const socket of halves) socket.destroy();
    await expect.poll(refused).toBe(false);
  });

  it('S33 keeps no more than its limit of messages that never end, and takes those that come whole', async () => {
    const before = await suite.server.stats();
    // 2 MB from eight addresses, twice what is kept.
    const halves = Array.from({ length: 8 }, (_, at) => half(1, `127.0.0.${70 + at}`, 250_000)).flat();
    const answers: string[] = halves.map((socket, at) => {
      socket.setEncoding('utf8');
      socket.on('data', (part: string) => (answers[at] += part));
      return '';
    });
    expect((await suite.refusals('overload', 4)).map(({ field }) => field)).toEqual(
      expect.arrayContaining(new Array(4).fill('body')),
    );
    const whole = await Peer.open('send', suite.port, { from: '127.0.0.80' });
    await whole.isUp();
    const told = (): string[] => answers.filter((text) => text.includes('"overload"'));
    await expect.poll(() => told().length).toBeGreaterThanOrEqual(4);
    for (const socket of halves) socket.destroy();
    for (const text of told()) {
      expect(text).toMatch(/^HTTP\/1\.1 503 /);
      expect(text.toLowerCase()).toContain('retry-after: 1\r\n');
    }
    // Room is given back with those that are gone.
    const large = await http(suite.port, {
      path: '/realtime/poll',
      body: hello().padEnd(LIMIT, ' '),
      from: '127.0.0.81',
    });
    expect(large.status).toBe(200);
    const after = await suite.server.settles(({ fds }) => fds <= before.fds);
    expect(after.fds).toBeLessThanOrEqual(before.fds);
  });

  it('S38 lets go of readers that do not read, and of their sockets', async () => {
    const before = await suite.server.stats();
    const from = '127.0.0.61';
    const channel = `room:${mark()}`;
    const socket = await Peer.open('websocket', suite.port, { from });
    const stream = await Peer.open('sse', suite.port, { from });
    await socket.subscribe(channel);
    await stream.subscribe(channel);
    socket.socket?.socket.pause();
    stream.stream?.pause();
    const writer = await Peer.open('websocket', suite.port, { from });
    const text = 'x'.repeat(60_000);
    for (let message = 0; message < 60; message++) {
      await writer.say(...[1, 2, 3, 4].map(() => ['publish', writer.next(), channel, said(text)]));
    }
    await writer.until((frame) => frame[0] === 'acked' && frame[1] === 240);
    expect(await suite.refusals('slow_consumer', 2)).toHaveLength(2);
    writer.leave();
    const after = await suite.server.settles(({ fds }) => fds <= before.fds, 12_000);
    expect(after.fds).toBeLessThanOrEqual(before.fds);
    expect(after.active).toBeLessThanOrEqual(2);
    expect(after.rss - before.rss).toBeLessThan(96 * MIB);
    socket.leave();
    stream.leave();
  });

  it('S34 takes as many plain connections of an address as of any other kind', async () => {
    const from = '127.0.0.4';
    const sockets: RawWebSocket[] = [];
    let refused = 0;
    for (let count = 0; count < 40; count++) {
      const answer = await upgrade(suite.port, { from, path: `/ws/${mark()}` });
      if (answer.webSocket === undefined) refused++;
      else sockets.push(answer.webSocket);
    }
    expect([sockets.length, refused]).toEqual([30, 10]);
    for (const { socket } of sockets) socket.destroy();
    await suite.server.settles(({ active }) => active <= 2);
    expect((await upgrade(suite.port, { from, path: '/ws/again' })).status).toBe(101);
  });

  it('S38 bounds what it keeps for a plain client that talks and never reads', async () => {
    const before = await suite.server.stats();
    const plain = await webSocket(suite.port, { path: '/ws/greedy', from: '127.0.0.5' });
    plain.socket.pause();
    const message = webSocketFrame(Opcode.text, 'x'.repeat(16_000));
    await new Promise<void>((resolve) => {
      let messages = 0;
      const more = (): void => {
        // 320 MB at most.
        while (messages < 20_000 && !plain.socket.destroyed) {
          messages++;
          if (!plain.socket.write(message)) return void plain.socket.once('drain', more);
        }
        resolve();
      };
      plain.socket.once('close', () => resolve());
      more();
    });
    expect((await suite.server.stats()).rss - before.rss).toBeLessThan(96 * MIB);
    plain.socket.destroy();
  });

  it('S35 opens sessions of one address at a rate, and says when to come again', async () => {
    const from = '127.0.0.6';
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, at) =>
        at % 3 === 0
          ? webSocket(suite.port, { from }).then(
              async (socket) => {
                socket.text(hello());
                const frame = await socket.received.until(
                  (one) => one[0] === 'welcome' || one[0] === 'close',
                );
                socket.socket.destroy();
                return frame[0] === 'welcome' ? 'welcome' : envelopeOf(frame).delta;
              },
              () => 'overload',
            )
          : http(suite.port, { path: '/realtime/poll', body: hello(), from }).then((answer) =>
              answer.status === 200 ? 'welcome' : faultOf(answer).code,
            ),
      ),
    );
    const count = (what: string): number => answers.filter((answer) => answer === what).length;
    expect(count('welcome')).toBeLessThanOrEqual(40);
    expect(count('welcome')).toBeGreaterThan(0);
    expect(count('rate_limited') + count('overload')).toBe(60 - count('welcome'));
    const other = await Peer.open('sse', suite.port, { from: '127.0.0.7' });
    await other.isUp();
    other.leave();
  });

  it('S37 does not believe X-Forwarded-For of strangers', async () => {
    const from = '127.0.0.8';
    const answers: string[] = [];
    for (let count = 0; count < 40; count++) {
      const headers = { 'x-forwarded-for': `10.0.0.${count}`, forwarded: `for=10.0.0.${count}` };
      const answer = await http(suite.port, { path: '/realtime/poll', body: hello(), from, headers });
      answers.push(answer.status === 200 ? 'welcome' : faultOf(answer).code);
    }
    expect(answers).toContain('rate_limited');
    for (const { address } of await suite.refusals('rate_limited')) expect(address).toBe(from);
  });

  it('S35 keeps little of a session that was opened and left', async () => {
    const before = await suite.server.stats();
    let opened = 0;
    for (let address = 10; address < 60; address++) {
      const from = `127.0.0.${address}`;
      for (let count = 0; count < 20; count++) {
        const answer = await http(suite.port, { path: '/realtime/poll', body: hello(), from });
        if (answer.status === 200) opened++;
      }
    }
    expect(opened).toBe(1_000);
    const after = await suite.server.settles(({ heap }) => heap - before.heap < 2_048 * opened, 3_000);
    expect((after.heap - before.heap) / opened).toBeLessThan(2_048);
  });

  keepsItsLogClean(suite);
});
