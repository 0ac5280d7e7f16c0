// What a client may say, on every way up: each bad frame costs itself and nothing behind it.

import { describe, expect, it } from 'vitest';
import { TOKENS } from './fixture.js';
import {
  asked,
  envelopeOf,
  faultOf,
  http,
  isEntry,
  isTag,
  KINDS,
  mark,
  Opcode,
  Peer,
  said,
  webSocket,
  webSocketFrame,
  nonce,
} from './peer.js';
import type { Frame, Kind } from './peer.js';
import { keepsItsLogClean, withServer } from './suite.js';

const deep = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);

describe('A server with a contract', () => {
  const suite = withServer();

  const open = (kind: Kind) => Peer.open(kind, suite.port);

  /** Says a bad frame between two good sends; the room must hear both, and the refusal must be the send's outcome. */
  async function refusesAmongOthers(
    kind: Kind,
    bad: (number: number) => unknown,
    expected: { delta: string; field: string | undefined },
  ): Promise<string> {
    const peer = await open(kind);
    const channel = `room:${mark()}`;
    await peer.subscribe(channel);
    const [before, behind] = [mark(), mark()];
    const [first, wrong, last] = [peer.next(), peer.next(), peer.next()];
    await peer.say(['publish', first, channel, said(before)], bad(wrong), [
      'publish',
      last,
      channel,
      said(behind),
    ]);
    const outcome = await peer.outcome(wrong);
    expect({ delta: outcome.delta, field: outcome.payload.field }).toEqual(expected);
    await peer.until(isEntry(channel, behind));
    const texts = peer.received.frames
      .filter(isEntry(channel))
      .map((frame) => envelopeOf(frame).payload.text);
    expect(texts).toEqual([before, behind]);
    await peer.until((frame) => frame[0] === 'acked' && frame[1] === last);
    await peer.isUp();
    peer.leave();
    return outcome.payload.message;
  }

  describe.each(KINDS)('over %s', (kind) => {
    it.each([
      ['omega 1.2', { omega: 1.2 }, 'omega'],
      ['omega -0.1', { omega: -0.1 }, 'omega'],
      ['omega null', { omega: null }, 'omega'],
      ['no lambda', { lambda: undefined }, 'lambda'],
      ['an empty delta', { delta: '' }, 'delta'],
      ['a delta of 129 characters', { delta: 'd'.repeat(129) }, 'delta'],
      ['dimension "two"', { dimension: 'two' }, 'dimension'],
      ['dimension 256', { dimension: 256 }, 'dimension'],
      ['dimension 1.5', { dimension: 1.5 }, 'dimension'],
      ['an extra field', { colour: mark() }, 'colour'],
      ['a field called constructor', { constructor: mark() }, 'constructor'],
      ['a field called toString', { toString: mark() }, 'toString'],
      ['metadata of another shape', { fractal_metadata: { voice_pain: 2 } }, 'fractal_metadata.voice_pain'],
    ])(
      'E2 refuses an envelope with %s by its field; the sends around it are applied (P1, P2, P35)',
      async (_what, wrong, field) => {
        const message = await refusesAmongOthers(
          kind,
          (number) => ['publish', number, 'room:any', { ...said(), ...wrong }],
          { delta: 'bad_frame', field },
        );
        expect(message).not.toMatch(/native code|\[object|undefined/);
      },
    );

    it('S16 names a __proto__ key of an envelope as the extra field that it is (P2)', async () => {
      const peer = await open(kind);
      const number = peer.next();
      await peer.text(
        `[["publish",${number},"room:any",{"delta":"said","dimension":1,"omega":1,"lambda":"x","__proto__":{"omega":7}}]]`,
      );
      const { delta, payload } = await peer.outcome(number);
      expect([delta, payload.field]).toEqual(['bad_frame', '__proto__']);
      expect(payload.message).toContain('"__proto__"');
      await peer.isUp();
      peer.leave();
    });

    it('E2 refuses a channel that the contract does not know, and a payload that it does not allow, by field', async () => {
      const unknown = `nowhere:${mark()}`;
      await refusesAmongOthers(kind, (n) => ['publish', n, unknown, said()], {
        delta: 'not_found',
        field: 'channel',
      });
      await refusesAmongOthers(kind, (n) => ['subscribe', n, unknown, {}], {
        delta: 'not_found',
        field: 'channel',
      });
      await refusesAmongOthers(kind, (n) => ['publish', n, 'room:any', { ...said(), payload: { text: 7 } }], {
        delta: 'invalid',
        field: 'payload.text',
      });
      await refusesAmongOthers(kind, (n) => ['publish', n, 'room:any', { ...said(), delta: mark() }], {
        delta: 'not_found',
        field: 'delta',
      });
    });

    it.each(['__proto__', 'prototype', 'toString', 'hasOwnProperty', 'valueOf'])(
      'S15 takes %s for an unknown channel, delta and request like any other',
      async (name) => {
        const peer = await open(kind);
        const numbers = [1, 2, 3, 4, 5].map(() => peer.next());
        const [publish = 0, subscribe = 0, delta = 0, request = 0, leave = 0] = numbers;
        await peer.say(
          ['publish', publish, name, said()],
          ['subscribe', subscribe, name, {}],
          ['publish', delta, 'room:any', { ...said(), delta: name }],
          ['request', request, asked(name)],
          ['unsubscribe', leave, name],
        );
        const isName = name !== '__proto__';
        for (const number of [publish, subscribe]) {
          const { delta: code, payload } = await peer.outcome(number);
          expect([code, payload.field]).toEqual([isName ? 'not_found' : 'bad_frame', 'channel']);
        }
        expect((await peer.outcome(delta)).delta).toBe('not_found');
        expect((await peer.outcome(request)).delta).toBe('not_found');
        expect((await peer.outcome(leave)).delta).toBe(isName ? 'unsubscribed' : 'bad_frame');
        await peer.isUp();
        peer.leave();
      },
    );

    it('S16 hands prototype keys of a payload through as data, and nobody inherits them', async () => {
      const peer = await open(kind);
      const number = peer.next();
      const text = mark();
      const payload = `{"text":"${text}","__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"a":1,"a":2}`;
      await peer.text(
        `[["request",${number},{"delta":"echo","dimension":1,"omega":1,"lambda":"x","payload":${payload}}]]`,
      );
      const { delta, payload: reply } = await peer.outcome(number);
      expect(delta).toBe('reply');
      expect(Object.getOwnPropertyNames(reply)).toEqual(['text', '__proto__', 'constructor', 'a']);
      expect(reply.a).toBe(2);
      await peer.isUp();
      const after = peer.next();
      await peer.say(['request', after, asked('echo', {})]);
      expect((await peer.outcome(after)).payload.polluted).toBeUndefined();
      peer.leave();
    });

    it('S17 refuses what nests too deep, is too long, or is no number (P3)', async () => {
      const envelope = (payload: string) =>
        `{"delta":"free","dimension":1,"omega":1,"lambda":"x","payload":${payload}}`;
      const rows: [string, string, string | undefined][] = [
        [envelope(deep(65)), 'bad_frame', 'payload'],
        [envelope(deep(10_000)), 'bad_frame', 'payload'],
        [envelope(`{"a":`.repeat(5_000) + '1' + '}'.repeat(5_000)), 'bad_frame', 'payload'],
        [envelope(`[${'0,'.repeat(99_999)}0]`), 'too_big', 'envelope'],
        [envelope(`"${'ї'.repeat(40_000)}"`), 'too_big', 'envelope'],
        [`{"delta":"free","dimension":1,"omega":1e999,"lambda":"x"}`, 'bad_frame', 'omega'],
        [`{"delta":"free","dimension":1e999,"omega":1,"lambda":"x"}`, 'bad_frame', 'dimension'],
        [deep(10_000), 'bad_frame', 'envelope'],
      ];
      const peer = await open(kind);
      for (const [bad, delta, field] of rows) {
        for (const send of ['publish', 'request']) {
          const number = peer.next();
          await peer.text(
            `[["${send}",${number},${send === 'publish' ? '"room:any",' : ''}${send === 'publish' ? bad : bad.replace('free', 'echo')}]]`,
          );
          const outcome = await peer.outcome(number);
          expect([outcome.delta, outcome.payload.field], `${send} ${bad.slice(0, 90)}`).toEqual([
            delta,
            field,
          ]);
        }
      }
      const number = peer.next();
      await peer.text(
        `[["request",${number},{"delta":"echo","dimension":1,"omega":1,"lambda":"x","payload":[1e999,-1e999,1e-999]}]]`,
      );
      expect((await peer.outcome(number)).payload).toEqual([null, null, 0]);
      await peer.isUp();
      peer.leave();
    });

    it('S17 refuses a message that is no array of at most 512 frames (P4)', async () => {
      for (const text of [
        '{}',
        'null',
        '1',
        '"x"',
        '',
        '[',
        deep(10_000).slice(1),
        `[${'0,'.repeat(512)}0]`,
        '{"length":1}',
        'NaN',
        '[1e999',
        `[["hello"]`,
      ]) {
        const peer = await open(kind);
        const answer = await peer.text(text);
        if (answer === undefined) {
          expect(envelopeOf(await peer.until(isTag('error')))).toMatchObject({
            delta: 'bad_frame',
            payload: { field: 'message' },
          });
        } else if (text.startsWith('[') && answer.status === 200) {
          throw new Error(`Took ${text.slice(0, 50)}`);
        } else {
          expect([answer.status, faultOf(answer)]).toMatchObject([
            400,
            { code: 'bad_frame', field: 'message' },
          ]);
        }
        await peer.isUp();
        peer.leave();
      }
    });

    it.each([
      '0',
      '-1',
      '1.5',
      '4503599627370497',
      '9007199254740993',
      '1e999',
      '-1e999',
      '"1"',
      'null',
      'true',
      '[]',
      '{}',
      '"__proto__"',
    ])('S18 refuses %s where a number belongs, and takes nothing of the frame (P5)', async (value) => {
      const peer = await open(kind);
      const said1 = JSON.stringify(said());
      const frames: [string, string][] = [
        [`["publish",${value},"room:any",${said1}]`, 'number'],
        [`["request",${value},${said1}]`, 'number'],
        [`["subscribe",${value},"room:any",{}]`, 'number'],
        [`["unsubscribe",${value},"room:any"]`, 'number'],
        [`["skip",${value},1]`, 'number'],
        [`["skip",1,${value}]`, 'number'],
        ...(value === '0' ? [] : ([[`["ack",${value}]`, 'offset']] as [string, string][])),
        ...(['0', '1.5', '4503599627370497', '9007199254740993'].includes(value)
          ? []
          : ([
              [`["ping",${value}]`, 'moment'],
              [`["pong",${value}]`, 'moment'],
            ] as [string, string][])),
      ];
      await peer.text(`[${frames.map(([text]) => text).join(',')}]`);
      await peer.isUp();
      const faults = peer.received.frames.filter(isTag('error')).map((frame) => envelopeOf(frame));
      expect(faults.map(({ delta, payload }) => [delta, payload.field])).toEqual(
        frames.map(([, field]) => ['bad_frame', field]),
      );
      peer.leave();
    });

    it('S18 refuses positions and options that are none (P5)', async () => {
      const peer = await open(kind);
      const options: [string, string][] = [
        ['null', 'options'],
        ['[]', 'options'],
        ['"__proto__"', 'options'],
        ['{"since":["x",-1]}', 'since'],
        ['{"since":["X",1]}', 'since'],
        ['{"since":["a\\r\\nid: 1",1]}', 'since'],
        ['{"since":["a",1,2]}', 'since'],
        ['{"since":["a",1e999]}', 'since'],
        ['{"last":-1}', 'last'],
        ['{"last":1e9}', 'last'],
        ['{"last":"all"}', 'last'],
        [`{"presence":${deep(65)}}`, 'presence'],
      ];
      for (const [text, field] of options) {
        const number = peer.next();
        await peer.text(`[["subscribe",${number},"room:any",${text}]]`);
        const { delta, payload } = await peer.outcome(number);
        expect([delta, payload.field], text).toEqual(['bad_frame', field]);
      }
      await peer.isUp();
      peer.leave();
    });

    it('S19 refuses an acknowledgement above the head of the inbox', async () => {
      const peer = await open(kind);
      for (const offset of [1, 1_000_000_000, 2 ** 52]) await peer.say(['ack', offset]);
      await peer.isUp();
      const faults = peer.received.frames
        .filter(isTag('error'))
        .map((frame) => envelopeOf(frame).payload.field);
      expect(faults).toEqual(['offset', 'offset', 'offset']);
      peer.leave();
    });

    it('S19 answers a send 10^9 ahead with what it expects, without an effect (P32)', async () => {
      const peer = await open(kind);
      const channel = `room:${mark()}`;
      await peer.subscribe(channel);
      await peer.say(['publish', 1_000_000_000, channel, said()]);
      expect(await peer.until(isTag('expect'))).toEqual(['expect', 2]);
      const text = mark();
      await peer.say(['publish', peer.next(), channel, said(text)]);
      await peer.until(isEntry(channel, text));
      expect(peer.received.frames.filter(isEntry(channel))).toHaveLength(1);
      peer.leave();
    });

    it('S19 refuses a skip of 10^9, and goes on counting where it was', async () => {
      const peer = await open(kind);
      for (const number of [1_000_000_000, 2 ** 52]) await peer.say(['skip', 1, number]);
      await peer.isUp();
      const faults = peer.received.frames
        .filter(isTag('error'))
        .map((frame) => envelopeOf(frame).payload.field);
      expect(faults).toEqual(['number', 'number']);
      peer.leave();
    });

    it('S20 S42 refuses unknown and nearly known tags by an exact table (P5)', async () => {
      const peer = await open(kind);
      const tags = [
        '',
        'Publish',
        'publish ',
        ' publish',
        'publish/x',
        '/meta/subscribe',
        'subscribe/x',
        'sub',
        'binary',
        'entry',
        'welcome',
        'acked',
        'close',
        'error',
        '__proto__',
        'constructor',
        'toString',
        'pub\u0000lish',
        'рublish',
        mark(),
      ];
      const channel = `room:${mark()}`;
      await peer.subscribe(channel);
      await peer.say(
        ...tags.map((tag) => [tag, peer.welcome.acked + 2, channel, said()]),
        7,
        null,
        'publish',
        {},
        [],
        [[]],
        [null],
        [['publish', 2, channel, said()]],
        ['bye', 1],
        ['publish'],
        ['publish', 0],
      );
      await peer.isUp();
      const fields = peer.received.frames
        .filter(isTag('error'))
        .map((frame) => envelopeOf(frame).payload.field);
      expect(fields).toEqual([
        ...tags.map(() => 'tag'),
        'frame',
        'frame',
        'frame',
        'frame',
        'tag',
        'tag',
        'tag',
        'tag',
        'frame',
        'frame',
        'frame',
      ]);
      expect(peer.received.frames.filter(isEntry(channel))).toEqual([]);
      peer.leave();
    });

    it.each([
      'a/../b',
      '@',
      '@other',
      '{room}',
      'room:{id}',
      'room:\u0000',
      'room:a\r\nid: 1',
      'room:\ud800',
      '',
      ' ',
      'room: ',
      ':room',
      'Room:\u0456',
      'r'.repeat(201),
      '*',
      'room:*',
      '$room',
      'room:%2e',
      'room:\u202e',
      '-',
    ])('S41 refuses the channel name %j everywhere (P5)', async (name) => {
      const peer = await open(kind);
      const numbers = [peer.next(), peer.next(), peer.next()];
      const [publish = 0, subscribe = 0, leave = 0] = numbers;
      await peer.say(
        ['publish', publish, name, said()],
        ['subscribe', subscribe, name, {}],
        ['unsubscribe', leave, name],
      );
      for (const number of numbers) {
        const { delta, payload } = await peer.outcome(number);
        expect([delta, payload.field]).toEqual(['bad_frame', 'channel']);
        // A name that may break a line is not repeated in any form.
        expect(JSON.stringify(payload)).not.toContain('202e');
      }
      await peer.isUp();
      peer.leave();
    });

    it('S41 matches a forbidden channel exactly, and no spelling of it comes through the ACL as another channel', async () => {
      const peer = await open(kind);
      for (const [name, delta] of [
        ['room:forbidden', 'forbidden'],
        ['Room:forbidden', 'not_found'],
        ['ROOM:FORBIDDEN', 'not_found'],
        ['room:forbidden:x', 'not_found'],
        ['room', 'not_found'],
      ] as const) {
        const numbers = [peer.next(), peer.next()];
        await peer.say(['publish', numbers[0], name, said()], ['subscribe', numbers[1], name, {}]);
        for (const number of numbers) expect((await peer.outcome(number)).delta).toBe(delta);
      }
      peer.leave();
    });

    it('S61 answers internal for every way in which the application fails, and goes on', async () => {
      const peer = await open(kind);
      for (const name of ['boom', 'rejects', 'bigint', 'circular', 'strange', 'throwing']) {
        const number = peer.next();
        await peer.say(['request', number, asked(name)]);
        const { delta, payload } = await peer.outcome(number);
        expect([name, delta]).toEqual([name, 'internal']);
        expect(payload.message).not.toMatch(/on purpose|BigInt|circular|Error/i);
      }
      for (const delta of ['throwing', 'rejecting']) {
        const number = peer.next();
        await peer.say(['publish', number, 'room:any', { ...said(), delta }]);
        expect((await peer.outcome(number)).delta).toBe('internal');
      }
      for (const name of ['room:throws', 'room:rejects']) {
        const numbers = [peer.next(), peer.next()];
        await peer.say(['publish', numbers[0], name, said()], ['subscribe', numbers[1], name, {}]);
        for (const number of numbers) expect((await peer.outcome(number)).delta).toBe('forbidden');
      }
      const number = peer.next();
      await peer.say(['request', number, asked('refuses')]);
      expect(await peer.outcome(number)).toMatchObject({
        delta: 'forbidden',
        payload: { field: 'payload.door', message: 'refused on purpose' },
      });
      await peer.isUp();
      peer.leave();
    });

    it('says of each refused send one line in the log, with its code and a known field', async () => {
      const peer = await open(kind);
      const number = peer.next();
      await peer.say(['publish', number, 'room:any', { ...said(), [mark()]: 1 }]);
      await peer.outcome(number);
      expect(await suite.refusals('bad_frame')).toMatchObject([{ field: 'unknown', number }]);
      peer.leave();
    });

    it('S43 keeps line breaks of every string inside its JSON', async () => {
      const evil = `${mark()}\r\ndata: [["close"]]\n\nid: 7\nevent: x\r\rretry: 1\u2028\u2029\u0000\u001b[31m\u202e`;
      const peer = await open(kind);
      const channel = `room:${mark()}`;
      await peer.subscribe(channel, { presence: { [evil]: evil } });
      const number = peer.next();
      await peer.say([
        'publish',
        number,
        channel,
        {
          ...said(evil),
          delta: 'free',
          lambda: evil.slice(0, 120),
          fractal_metadata: { voice_pain: 0, voice_chaos: 0, voice_trust: 1, seam_id: evil.slice(0, 120) },
        },
      ]);
      const entry = await peer.until(
        (frame) => isEntry(channel)(frame) && envelopeOf(frame).delta === 'free',
      );
      expect(envelopeOf(entry).payload.text).toBe(evil);
      const wrong = peer.next();
      await peer.say(['publish', wrong, channel, { ...said(), [evil]: 1 }]);
      expect((await peer.outcome(wrong)).payload.field).toBe(evil);
      for (const line of peer.stream?.lines ?? []) expect(line).toMatch(/^data: ?\[.*\]$/s);
      for (const line of peer.stream?.lines ?? []) expect(line).not.toMatch(/[\u0000-\u001f]/);
      await peer.isUp();
      peer.leave();
    });
  });

  it('S20 answers a version that it does not speak with version, and one that is no number with bad_frame (P17)', async () => {
    for (const [version, code, status] of [
      [2, 'version', 426],
      [0, 'version', 426],
      [1.5, 'version', 426],
      ['1', 'bad_frame', 400],
      [null, 'bad_frame', 400],
    ] as const) {
      const hello = ['hello', { version, nonce: nonce() }];
      for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
        const answer = await http(suite.port, { path, body: JSON.stringify([hello]) });
        expect([answer.status, faultOf(answer)]).toMatchObject([
          status,
          { tag: 'close', code, field: 'version' },
        ]);
      }
      const socket = await webSocket(suite.port);
      socket.say(hello);
      expect(envelopeOf(await socket.received.until(isTag('close'))).delta).toBe(code);
      expect(await socket.closed).toBe(code === 'version' ? 4426 : 4400);
    }
  });

  it.each([
    ['nothing', []],
    ['no frame', [7]],
    ['an unknown frame', [['greetings']]],
    ['a send', [['publish', 1, 'room:any', said()]]],
    ['an acknowledgement', [['ack', 0]]],
    ['bye', [['bye']]],
    ['credentials', [['auth', { token: mark() }]]],
    ['a skip', [['skip', 1, 1]]],
    ['a hello without a nonce', [['hello', { version: 1 }]]],
    ['a short nonce', [['hello', { version: 1, nonce: 'short' }]]],
    ['a nonce of other letters', [['hello', { version: 1, nonce: '!'.repeat(22) }]]],
    ['__proto__ for a hello', [['hello', '__proto__']]],
    ['cursors that are an array', [['hello', { version: 1, nonce: nonce(), cursors: [] }]]],
    ['cursors of no channels', [['hello', { version: 1, nonce: nonce(), cursors: { 'a b': ['x', 1] } }]]],
    [
      '101 channels and an inbox',
      [
        [
          'hello',
          {
            version: 1,
            nonce: nonce(),
            cursors: Object.fromEntries(
              ['@', ...Array.from({ length: 101 }, (_, at) => `room:${at}`)].map((name) => [name, ['x', 1]]),
            ),
          },
        ],
      ],
    ],
    ['a heartbeat of a millisecond', [['hello', { version: 1, nonce: nonce(), heartbeat: 1 }]]],
    ['a deep auth', [['hello', { version: 1, nonce: nonce(), auth: JSON.parse(deep(1_000)) as unknown }]]],
    ['a long key', [['hello', { version: 1, nonce: nonce(), key: 'k'.repeat(257) }]]],
    ['a continue without a key', [['continue', { nonce: nonce(), generation: 1 }]]],
    ['a continue of generation 0', [['continue', { nonce: nonce(), key: 'x.y', generation: 0 }]]],
    ['a wait of an hour', [['continue', { nonce: nonce(), key: 'x.y', generation: 1, wait: 3_600_000 }]]],
  ] as [string, Frame[]][])('closes with bad_frame when %s comes first', async (_what, frames) => {
    const body = JSON.stringify(frames);
    for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
      const answer = await http(suite.port, { path, body });
      expect([answer.status, faultOf(answer).code]).toEqual([400, 'bad_frame']);
    }
    if (frames.length === 0) return;
    const socket = await webSocket(suite.port);
    socket.text(body);
    expect(envelopeOf(await socket.received.until(isTag('close'))).delta).toBe('bad_frame');
    expect(await socket.closed).toBe(4400);
  });

  it('S16 takes a __proto__ key of hello, cursors and options for nothing or a bad name, never for a field', async () => {
    const hello = (inside: string) => `[["hello",{"version":1,"nonce":"${nonce()}",${inside}}]]`;
    const inert = await http(suite.port, {
      path: '/realtime/poll',
      body: hello('"__proto__":{"probe":true,"key":"x"}'),
    });
    expect(inert.frames[0]?.[0]).toBe('welcome');
    const cursors = await http(suite.port, {
      path: '/realtime/poll',
      body: hello('"cursors":{"__proto__":["x",1]}'),
    });
    expect(faultOf(cursors)).toMatchObject({ code: 'bad_frame', field: 'cursors' });
    const nested = await http(suite.port, {
      path: '/realtime/poll',
      body: `[["hello",{"__proto__":{"version":1,"nonce":"${nonce()}"}}]]`,
    });
    expect(faultOf(nested)).toMatchObject({ code: 'bad_frame', field: 'version' });
  });

  it('S25 refuses binary messages with bad_frame, and never puts messages together (P66)', async () => {
    const peer = await open('websocket');
    const text = JSON.stringify([['request', peer.next(), asked('echo')]]);
    const { socket } = peer.socket ?? {};
    socket?.write(webSocketFrame(Opcode.binary, text));
    expect(envelopeOf(await peer.until(isTag('error')))).toMatchObject({ delta: 'bad_frame' });
    peer.socket?.text(text.slice(0, 20));
    peer.socket?.text(text.slice(20));
    peer.socket?.text(`451-["binary",{"_placeholder":true,"num":0}]`);
    await peer.say(['binary', 1, { _placeholder: true, num: 1e9 }]);
    peer.socket?.text(text);
    expect((await peer.outcome(1)).delta).toBe('reply');
    expect(peer.received.frames.filter(isTag('error'))).toHaveLength(5);
    const stranger = await webSocket(suite.port);
    stranger.socket.write(webSocketFrame(Opcode.binary, text));
    expect(await stranger.closed).toBe(4400);
    peer.leave();
  });

  it('S24 closes a WebSocket with 1007 for invalid UTF-8, and refuses it in a body (P66)', async () => {
    for (const bytes of [
      [0xff],
      [0xc3, 0x28],
      [0xed, 0xa0, 0x80],
      [0xf8, 0x88, 0x80, 0x80, 0x80],
      [0xc0, 0xaf],
    ]) {
      const bad = Buffer.concat([
        Buffer.from('[["hello",{"version":1,"nonce":"'),
        Buffer.from(bytes),
        Buffer.from('"}]]'),
      ]);
      const socket = await webSocket(suite.port);
      socket.text(bad);
      expect(await socket.closed).toBe(1007);
      const peer = await open('websocket');
      peer.socket?.text(bad);
      expect(await peer.socket?.closed).toBe(1007);
      for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
        const answer = await http(suite.port, { path, body: bad });
        expect([answer.status, faultOf(answer)]).toMatchObject([
          400,
          { code: 'bad_frame', field: 'message' },
        ]);
      }
    }
  });

  it('S22 refuses what RFC 6455 forbids of frames', async () => {
    const frames: [string, Buffer][] = [
      ['a reserved bit', webSocketFrame(Opcode.text, '[]', { rsv: 0x40 })],
      ['a reserved opcode', webSocketFrame(3, '[]')],
      ['a continuation of nothing', webSocketFrame(Opcode.continuation, '[]')],
      ['a long ping', webSocketFrame(Opcode.ping, 'x'.repeat(126))],
      ['a fragmented ping', webSocketFrame(Opcode.ping, 'x', { fin: false })],
      [
        'a text within a text',
        Buffer.concat([webSocketFrame(Opcode.text, '[', { fin: false }), webSocketFrame(Opcode.text, ']')]),
      ],
      ['no mask', Buffer.from([0x81, 2, 0x5b, 0x5d])],
      ['a close of one byte', webSocketFrame(Opcode.close, 'x')],
      ['a close with a reserved code', webSocketFrame(Opcode.close, Buffer.from([0x03, 0xec]))],
    ];
    for (const [what, bytes] of frames) {
      const peer = await open('websocket');
      peer.socket?.socket.write(bytes);
      expect([what, await peer.socket?.closed]).toEqual([what, 1002]);
    }
  });

  it('S08 refuses a forged key on every way in before the store is touched (P11)', async () => {
    const victim = await Peer.open('websocket', suite.port, { token: TOKENS.alice });
    const { key, session, generation } = victim.welcome;
    const mac = key.slice(key.indexOf('.') + 1);
    const other = await Peer.open('websocket', suite.port);
    const forged: [string, string][] = [
      [key, nonce()],
      [`${session}.${mac.slice(1)}`, victim.nonce],
      [`${session}.${mac}x`, victim.nonce],
      [`${session}.`, victim.nonce],
      [`.${mac}`, victim.nonce],
      [mac, victim.nonce],
      [`${session}.${'A'.repeat(43)}`, victim.nonce],
      [`${other.welcome.session}.${mac}`, victim.nonce],
      [key.toUpperCase(), victim.nonce],
      [`${session}x.${mac}`, victim.nonce],
      ['__proto__', victim.nonce],
      ['__proto__.__proto__', victim.nonce],
      ['constructor.toString', victim.nonce],
      [`${mark()}.${mark()}`, victim.nonce],
      [`${session}.${mac}`.replace('.', '\u0000'), victim.nonce],
    ];
    const before = (await suite.server.stats()).calls;
    for (const [badKey, badNonce] of forged) {
      const hello = ['hello', { version: 1, nonce: badNonce, key: badKey, auth: { token: TOKENS.alice } }];
      const probe = ['hello', { version: 1, nonce: badNonce, key: badKey, probe: true }];
      const going = ['continue', { nonce: badNonce, key: badKey, generation }];
      // A probe may look whether its credentials would open a session, and opens none (P16).
      for (const path of ['/realtime/sse', '/realtime/poll']) {
        const looked = await http(suite.port, { path, body: JSON.stringify([probe, ['bye']]) });
        expect(looked.text).toContain('"generation":0');
        expect(looked.text).not.toContain(session);
      }
      for (const first of [hello, going]) {
        for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
          if (first === going && path === '/realtime/sse') continue;
          const answer = await http(suite.port, {
            path,
            body: JSON.stringify([first, ['bye'], ['publish', 1, 'room:any', said()]]),
          });
          expect([answer.status, faultOf(answer)]).toMatchObject([
            401,
            { tag: 'close', code: 'unauthorized', field: 'key' },
          ]);
        }
      }
      const socket = await webSocket(suite.port);
      socket.say(hello, ['bye']);
      expect(await socket.closed).toBe(4401);
    }
    const { calls } = await suite.server.stats();
    for (const verb of ['openSession', 'attach', 'touch', 'close', 'identify', 'skip', 'trimInbox']) {
      // The witnesses publish and read meanwhile; nothing of theirs opens, touches by key or ends a session.
      if (verb === 'touch' || verb === 'trimInbox') continue;
      expect([verb, calls[verb]]).toEqual([verb, before[verb]]);
    }
    expect(await suite.refusals('unauthorized', forged.length)).not.toHaveLength(0);
    await victim.isUp();
    victim.leave();
    other.leave();
  });

  it.each([
    ['unknown ones', { token: mark() }],
    ['a text', mark()],
    ['null', null],
    ['a number', 1e308],
    ['an array', [mark()]],
    ['prototype names', { token: '__proto__' }],
    ['those at which the hook throws', { token: TOKENS.throws }],
    ['those at which the hook rejects', { token: TOKENS.rejects }],
    ['those for which the hook gives null', { token: TOKENS.null }],
    ['those for which the hook gives false', { token: TOKENS.false }],
  ])('refuses wrong credentials on every way in: %s', async (_what, auth) => {
    const hello = () => ['hello', { version: 1, nonce: nonce(), auth }];
    for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
      const answer = await http(suite.port, {
        path,
        body: JSON.stringify([hello(), ['publish', 1, 'room:any', said()]]),
      });
      expect([answer.status, faultOf(answer)]).toMatchObject([
        401,
        { tag: 'close', code: 'unauthorized', field: 'auth' },
      ]);
    }
    const socket = await webSocket(suite.port);
    socket.say(hello());
    expect(envelopeOf(await socket.received.until(isTag('close')))).toMatchObject({
      delta: 'unauthorized',
      lambda: 'refresh_credentials',
    });
    expect(await socket.closed).toBe(4401);
  });

  it.each(KINDS)('refuses wrong and foreign credentials in a live session over %s (P15)', async (kind) => {
    for (const [token, code] of [
      [mark(), 'unauthorized'],
      [TOKENS.rejects, 'unauthorized'],
      [TOKENS.null, 'unauthorized'],
      [TOKENS.bob, 'forbidden'],
    ] as const) {
      const peer = await Peer.open(kind, suite.port, { token: TOKENS.alice });
      const answer = await peer.say(['auth', { token }]);
      if (answer === undefined) expect(envelopeOf(await peer.until(isTag('close'))).delta).toBe(code);
      else expect([answer.status, faultOf(answer).code]).toEqual([code === 'forbidden' ? 403 : 401, code]);
      peer.leave();
      const back = { nonce: peer.nonce, key: peer.welcome.key };
      const again = await Peer.open(kind, suite.port, { token: TOKENS.alice, hello: back });
      await again.isUp();
      again.leave();
    }
  });

  it.each(KINDS)('does not resume a session for another subject over %s (P15)', async (kind) => {
    const victim = await Peer.open(kind, suite.port, { token: TOKENS.alice });
    const back = { version: 1, nonce: victim.nonce, key: victim.welcome.key };
    const refused = async (frame: Frame, code: string) => {
      for (const path of ['/realtime/sse', '/realtime/poll', '/realtime/send']) {
        const answer = await http(suite.port, { path, body: JSON.stringify([frame, ['bye']]) });
        expect(faultOf(answer)).toMatchObject({ tag: 'close', code });
      }
      const socket = await webSocket(suite.port);
      socket.say(frame, ['bye']);
      expect(envelopeOf(await socket.received.until(isTag('close'))).delta).toBe(code);
    };
    await refused(['hello', { ...back, auth: { token: TOKENS.bob } }], 'forbidden');
    await refused(['hello', { ...back, auth: { token: mark() } }], 'unauthorized');
    await refused(['hello', { version: 1, nonce: victim.nonce, auth: { token: TOKENS.bob } }], 'forbidden');
    await refused(['hello', { version: 1, nonce: victim.nonce }], 'forbidden');
    await victim.isUp();
    victim.leave();
  });

  it('S42 does not let a cursor into a forbidden or unknown channel', async () => {
    const cursors = {
      'room:forbidden': ['x', 0],
      'nowhere:1': ['x', 0],
      toString: ['x', 1],
      'room:throws': ['x', 0],
    };
    for (const kind of KINDS) {
      const peer = await Peer.open(kind, suite.port, { hello: { cursors } });
      for (const channel of Object.keys(cursors)) {
        const gap = await peer.until((frame) => frame[0] === 'gap' && frame[1] === channel);
        expect(gap[2]).toBe('denied');
      }
      await peer.isUp();
      peer.leave();
    }
  });

  keepsItsLogClean(suite);
});

describe('A server without a contract', () => {
  const suite = withServer({ contract: false }, 'send');

  it.each(['constructor', 'toString', 'hasOwnProperty', 'valueOf', 'prototype', 'isPrototypeOf'])(
    'S15 carries a channel called %s like any other, member list and all',
    async (channel) => {
      for (const kind of KINDS) {
        const peer = await Peer.open(kind, suite.port);
        const subscribed = await peer.subscribe(channel, { presence: { constructor: mark() } });
        expect(subscribed.payload.members).toContainEqual(
          expect.objectContaining({ id: peer.welcome.session }),
        );
        const text = mark();
        await peer.say(['publish', peer.next(), channel, said(text)]);
        await peer.until(isEntry(channel, text));
        const request = peer.next();
        await peer.say(['request', request, asked(channel)]);
        expect((await peer.outcome(request)).delta).toBe('not_found');
        const leave = peer.next();
        await peer.say(['unsubscribe', leave, channel]);
        expect((await peer.outcome(leave)).delta).toBe('unsubscribed');
        peer.leave();
      }
    },
  );

  it('S16 takes prototype names as names of header fields for nothing', async () => {
    const headers = { ['__proto__x']: mark(), constructor: mark(), tostring: mark(), hasownproperty: mark() };
    const body = JSON.stringify([['hello', { version: 1, nonce: nonce() }]]);
    expect((await http(suite.port, { path: '/realtime/poll', body, headers })).status).toBe(200);
  });

  keepsItsLogClean(suite);
});
