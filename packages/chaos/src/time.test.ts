/** Faults of time, speed and connections; changing them under what is open; and closing. */
import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { BoxError, openBox } from './box.js';
import type { BoxEvent } from './traffic.js';
import { ask, boxed, eventually, manyBytes, opening, openOrigin, talk, talkOpen, pause } from './fixture.js';

const never = (): void => {};

describe('a box with', () => {
  it('idle cuts what is quiet, and only that', async () => {
    const { box, origin } = await boxed('idle=700ms', (_incoming, outgoing) => {
      outgoing.writeHead(200).flushHeaders();
    });
    const quiet = await talkOpen(box.url);
    const busy = await talkOpen(box.url);
    const stream = opening(box.url);
    const kept = connect(box.port, '127.0.0.1');
    const chatter = setInterval(() => busy.socket.send('x'), 20);
    await eventually(() => [quiet.code, stream.state, kept.closed]).toEqual([1006, 'cut', true]);
    clearInterval(chatter);
    expect(busy.state).toBe('open');
    await eventually(() => origin.heard[0]?.state).toBe('broken off');
    expect(box.stats.struck).toEqual({ idle: 2 });
    kept.destroy();
  });

  it('half-open lets nothing pass after its time, and tells nobody', async () => {
    const ended: string[] = [];
    const watch = ({ what, request }: BoxEvent): void => void (what === 'ended' && ended.push(request));
    const answer: RequestListener = (_incoming, outgoing) => {
      outgoing.writeHead(200).write('first');
      setTimeout(() => outgoing.end('second'), 1_000);
    };
    const { box, origin } = await boxed('half-open=400ms', answer, { watch });
    const client = await talkOpen(box.url);
    const stream = opening(box.url);
    client.socket.send('before');
    await eventually(() => client.got).toEqual(['before']);
    await eventually(() => stream.text).toBe('first');
    await eventually(() => box.stats.struck).toEqual({ 'half-open': 2 });
    client.socket.send('after');
    origin.sockets[0]?.send('after');
    await eventually(() => origin.heard[0]?.state).toBe('whole');
    await pause(50);
    expect([client.got, client.state, stream.text, stream.state]).toEqual([
      ['before'],
      'open',
      'first',
      'open',
    ]);
    client.socket.terminate();
    await pause(50);
    expect(origin.sockets[0]?.readyState).toBe(1);
    // The box knows, and forgets it when the target gives up as well.
    expect(ended).toEqual(['GET /']);
    origin.sockets[0]?.terminate();
    await eventually(() => ended).toEqual(['GET /', 'GET /ws']);
    // Another connection works, until its own time is up.
    const next = await talkOpen(box.url);
    next.socket.send('anew');
    await eventually(() => next.got).toEqual(['anew']);
  });

  it('half-open answers no further request on the same connection', async () => {
    const { box, origin } = await boxed('half-open=400ms');
    const socket = connect(box.port, '127.0.0.1');
    let got = '';
    socket.on('data', (data) => (got += String(data)));
    const request = 'GET / HTTP/1.1\r\nHost: x\r\n\r\n';
    socket.write(request);
    await eventually(() => got).toContain('200');
    got = '';
    await pause(600);
    socket.write(request);
    await pause(100);
    expect([got, origin.heard.length, socket.destroyed]).toEqual(['', 1, false]);
    socket.destroy();
  });

  it('half-open does not tell the target that a request will never be whole', async () => {
    const { box, origin } = await boxed('half-open=400ms');
    const socket = connect(box.port, '127.0.0.1');
    socket.write('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nhalf ');
    await eventually(() => box.stats.struck).toEqual({ 'half-open': 1 });
    socket.destroy();
    await eventually(() => box.stats.connections).toBe(0);
    await pause(100);
    expect(origin.heard).toMatchObject([{ body: 'half ', state: 'open' }]);
  });

  it('latency takes longer each way, in order, and loses nothing', async () => {
    const { box } = await boxed('latency=60ms,jitter=30ms');
    const began = performance.now();
    const answer = await ask(box.url, { method: 'POST', body: manyBytes });
    expect(performance.now() - began).toBeGreaterThan(55);
    expect(answer.bytes.equals(manyBytes)).toBe(true);
    const client = await talkOpen(box.url);
    const sent = Array.from({ length: 50 }, (_, at) => `${at}`);
    for (const text of sent) client.socket.send(text);
    await eventually(() => client.got).toEqual(sent);
    expect(box.stats.struck).toEqual({ latency: 2, jitter: 2 });
  });

  it('latency brings what a client said before it went', async () => {
    const { box, origin } = await boxed('latency=100ms');
    const client = await talkOpen(box.url);
    const heard: string[] = [];
    origin.sockets[0]?.on('message', (data: Buffer) => heard.push(data.toString()));
    client.socket.send('last words', () => client.socket.terminate());
    await eventually(() => client.state).toBe('closed');
    await eventually(() => heard).toEqual(['last words']);
    const posted = opening(box.url, { method: 'POST', body: 'and a letter' });
    await eventually(() => posted.sent()).toBeGreaterThan(0);
    await pause(20);
    posted.leave();
    await eventually(() => origin.heard[0]?.body).toBe('and a letter');
    await eventually(() => origin.sockets[0]?.readyState).toBe(3);
  });

  it('bandwidth takes as long as the bytes need, piece by piece', async () => {
    const { box } = await boxed(
      'bandwidth=50kB',
      (_incoming, outgoing) => void outgoing.end('x'.repeat(40_000)),
    );
    const began = performance.now();
    const coming = opening(box.url);
    await eventually(() => coming.bytes.length).toBeGreaterThan(0);
    expect(coming.bytes.length).toBeLessThan(40_000);
    await eventually(() => coming.state).toBe('whole');
    expect(performance.now() - began).toBeGreaterThan(700);
    expect(coming.text).toBe('x'.repeat(40_000));
  });

  it('stall holds everything, and lets it go on', async () => {
    const { box, origin } = await boxed('');
    const client = await talkOpen(box.url);
    await box.set('stall');
    client.socket.send('held');
    origin.sockets[0]?.send('held too');
    const asked = opening(box.url, { method: 'POST', body: 'held as well' });
    const opened = talk(box.url);
    await eventually(() => box.stats.struck).toEqual({ stall: 3 });
    await pause(100);
    expect([client.got, asked.status, opened.state, origin.heard]).toEqual([[], 0, 'connecting', []]);
    await box.set('');
    await eventually(() => [...client.got].sort()).toEqual(['held', 'held too']);
    await eventually(() => asked.text).toBe('held as well');
    await eventually(() => opened.state).toBe('open');
  });

  it('down cuts what is open, takes nothing, and comes back in the same place', async () => {
    const { box } = await boxed('');
    const client = await talkOpen(box.url);
    await box.set('down');
    await eventually(() => client.code).toBe(1006);
    expect(box.stats.struck).toEqual({ down: 1 });
    expect(await ask(box.url)).toMatchObject({ status: 0, error: 'ECONNREFUSED' });
    await box.set('');
    expect(await ask(box.url)).toMatchObject({ status: 200 });

    // Nobody has to wait for one change before the next.
    await Promise.all([box.set('down'), box.set(''), box.set('down'), box.set('')]);
    expect(await ask(box.url)).toMatchObject({ status: 200 });

    const unreached = await boxed('down');
    expect(await ask(unreached.box.url)).toMatchObject({ status: 0, error: 'ECONNREFUSED' });
    await unreached.box.set('');
    expect(await ask(unreached.box.url)).toMatchObject({ status: 200 });
  });
});

describe('set', () => {
  it.each(['kill-websocket', 'half-open', 'idle', 'cut-answers'] as const)(
    'counts the time of %s from when it was called, for what is open too',
    async (fault) => {
      const { box } = await boxed('', never);
      if (fault === 'cut-answers') opening(box.url);
      else await talkOpen(box.url);
      await pause(500);
      await box.set(`${fault}=400ms`);
      await pause(50);
      expect(box.stats.struck).toEqual({});
      await eventually(() => box.stats.struck).toEqual({ [fault]: 1 });
    },
  );

  it('changes nothing when the profile is wrong', async () => {
    const { box } = await boxed('refuse=418');
    await expect(box.set('bufer')).rejects.toThrow('Is it buffer[=64kB]?');
    await expect(box.set('round-robin')).rejects.toThrow('needs two targets');
    expect(box.faults).toEqual({ refuse: 418 });
    expect(await ask(box.url)).toMatchObject({ status: 418 });
  });
});

describe('openBox', () => {
  it.each(['', '127.0.0.1:8000', 'https://a.example', 'http://127.0.0.1:8000/app', 'ws://127.0.0.1'])(
    'says where it can stand, and not before "%s"',
    async (to) => {
      const error: unknown = await openBox({ to }).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(BoxError);
      expect(error).toMatchObject({ code: 'wrong_target' });
      expect(String(error)).toContain(`"${to}"`);
    },
  );

  it('refuses round-robin over one target, and a wrong profile, before it listens', async () => {
    const to = 'http://127.0.0.1:8000';
    await expect(openBox({ to, profile: 'round-robin' })).rejects.toMatchObject({ code: 'needs_targets' });
    await expect(openBox({ to, profile: 'strip' })).rejects.toMatchObject({ code: 'unknown_fault' });
  });

  it('rejects when the port is taken', async () => {
    const { box } = await boxed('');
    await expect(openBox({ to: box.url, port: box.port })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('tells who watches what happens to each request', async () => {
    const events: BoxEvent[] = [];
    const { box } = await boxed('refuse-upgrade', undefined, { watch: (event) => void events.push(event) });
    await ask(`${box.url}/plain`, { method: 'POST', body: 'four' });
    await eventually(() => talk(box.url, '/live').state).not.toBe('open');
    await eventually(() => events.map(({ id, request, what }) => `${id} ${request} ${what}`)).toEqual(
      expect.arrayContaining([
        '1 POST /plain begun',
        '1 POST /plain ended',
        '2 GET /live begun',
        '2 GET /live struck',
      ]),
    );
    expect(events.find(({ what }) => what === 'struck')).toMatchObject({ fault: 'refuse-upgrade' });
    expect(events.find(({ what }) => what === 'ended')).toMatchObject({ up: 4, down: 4 });
  });
});

describe('close', () => {
  it.each([
    '',
    'stall',
    'half-open=50ms',
    'latency=1s',
    'mute-websocket',
    'swallow-upgrade',
    'repeat-posts',
    'buffer',
  ])('leaves nothing open with "%s"', async (profile) => {
    const origin = await openOrigin(never);
    const box = await openBox({ to: origin.url, profile });
    const client = talk(box.url);
    const asked = [opening(box.url), opening(box.url, { method: 'POST', body: 'x' })];
    await eventually(() => box.stats.requests).toBe(3);
    await pause(100);
    await box.close();
    expect(box.stats.connections).toBe(0);
    await eventually(() => client.state).toBe('closed');
    await eventually(() => asked.map(({ state }) => state)).toEqual(['cut', 'cut']);
    await expect.poll(origin.connections).toBe(0);
    expect(await ask(box.url)).toMatchObject({ error: 'ECONNREFUSED' });
    await expect(box.set('')).rejects.toMatchObject({ code: 'closed' });
    await box.close();
  });
});
