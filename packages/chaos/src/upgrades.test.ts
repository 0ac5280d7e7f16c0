/** What happens to upgrades, and to the WebSockets that come of them. */
import { connect } from 'node:net';
import { describe, expect, it } from 'vitest';
import { boxed, eventually, manyBytes, talk, talkOpen, pause } from './fixture.js';

describe('a box without faults', () => {
  it('passes a WebSocket: headers, messages both ways, and how it was closed', async () => {
    const { box, origin } = await boxed('');
    const client = await talkOpen(box.url);
    client.socket.send('text');
    await eventually(() => client.got).toEqual(['text']);
    const bytes = new Promise<Buffer>((resolve) => client.socket.once('message', resolve));
    client.socket.send(manyBytes);
    expect((await bytes).equals(manyBytes)).toBe(true);
    origin.sockets[0]?.close(4321, 'because');
    await eventually(() => client.code).toBe(4321);
    expect(box.stats).toMatchObject({ requests: 1, upgrades: 1, struck: {} });
    await eventually(() => box.stats.connections).toBe(0);
  });

  it('passes frames that came with the request for the upgrade', async () => {
    const { box, origin } = await boxed('');
    const socket = connect(box.port, '127.0.0.1');
    const upgrade = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13'];
    const key = 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==';
    const frame = Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x68, 0x69]);
    const head = ['GET / HTTP/1.1', 'Host: x', ...upgrade, key, '', ''].join('\r\n');
    let got = '';
    socket.on('data', (data) => (got += data.toString('latin1')));
    socket.write(Buffer.concat([Buffer.from(head), frame]));
    await eventually(() => got).toMatch(/^HTTP\/1\.1 101 [^]*\r\n\r\n\u0081\u0002hi$/);
    expect(origin.sockets).toHaveLength(1);
    socket.destroy();
  });

  it('tells each side that the other is gone', async () => {
    const { box, origin } = await boxed('');
    const [first, second] = [await talkOpen(box.url), await talkOpen(box.url)];
    first.socket.terminate();
    await eventually(() => origin.sockets[0]?.readyState).toBe(3);
    origin.sockets[1]?.terminate();
    await eventually(() => second.code).toBe(1006);
  });

  it('passes a refusal of the target', async () => {
    const { box } = await boxed('', (_incoming, outgoing) => void outgoing.writeHead(404).end());
    // `ws` refuses a wrong version by itself, with 400.
    const socket = connect(box.port, '127.0.0.1');
    let got = '';
    socket.on('data', (data) => (got += String(data)));
    socket.write('GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    await eventually(() => got).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*Connection: close/);
    socket.destroy();
  });
});

describe('a box with', () => {
  it('strip-upgrade makes a plain GET of it', async () => {
    const { box, origin } = await boxed('strip-upgrade', (_incoming, outgoing) => {
      outgoing.writeHead(426).end('use an upgrade');
    });
    const client = talk(box.url);
    await eventually(() => client.refused).toContain('426');
    expect(origin.heard).toMatchObject([
      { method: 'GET', path: '/ws', headers: { 'sec-websocket-version': '13' } },
    ]);
    expect(origin.heard[0]?.headers).not.toHaveProperty('upgrade');
    expect(box.stats.struck).toEqual({ 'strip-upgrade': 1 });
  });

  it.each([400, 403, 502])('refuse-upgrade answers with %i', async (status) => {
    const { box, origin } = await boxed(`refuse-upgrade=${status}`);
    const client = talk(box.url);
    await eventually(() => client.refused).toContain(`${status}`);
    expect(origin.sockets).toEqual([]);
  });

  it('swallow-upgrade never answers', async () => {
    const { box, origin } = await boxed('swallow-upgrade');
    const client = talk(box.url);
    await eventually(() => box.stats.struck).toEqual({ 'swallow-upgrade': 1 });
    await pause(100);
    expect(client.state).toBe('connecting');
    expect([origin.sockets, origin.heard]).toEqual([[], []]);
    client.socket.terminate();
    await eventually(() => box.stats.connections).toBe(0);
  });

  it('mute-websocket opens, and nothing comes through but the end', async () => {
    const { box, origin } = await boxed('mute-websocket');
    const client = await talkOpen(box.url);
    let heard = 0;
    origin.sockets[0]?.on('message', () => heard++);
    origin.sockets[0]?.send('down');
    client.socket.send('up');
    await pause(100);
    expect([client.got, heard, client.state]).toEqual([[], 0, 'open']);
    client.socket.terminate();
    await eventually(() => origin.sockets[0]?.readyState).toBe(3);
  });

  it.each(['client', 'server'])('kill-first-frame cuts when the %s says something', async (who) => {
    const { box, origin } = await boxed('kill-first-frame');
    const client = await talkOpen(box.url);
    await pause(50);
    expect(client.state).toBe('open');
    (who === 'client' ? client.socket : origin.sockets[0])?.send('x');
    await eventually(() => client.code).toBe(1006);
    await eventually(() => origin.sockets[0]?.readyState).toBe(3);
    expect(client.got).toEqual([]);
  });

  it('kill-websocket cuts each in the middle of its talk, again and again', async () => {
    const { box } = await boxed('kill-websocket=400ms');
    for (let turn = 1; turn <= 2; turn++) {
      const client = await talkOpen(box.url);
      client.socket.send('x');
      await eventually(() => client.got).toEqual(['x']);
      await eventually(() => client.code).toBe(1006);
      expect(box.stats.struck).toEqual({ 'kill-websocket': turn });
    }
  });
});
