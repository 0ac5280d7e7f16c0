/** What happens to upgrades, and to the WebSockets that come of them. */
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { connect } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openBox } from './box.js';
import type { Box } from './box.js';
import { boxed, eventually, manyBytes, talk, talkOpen, pause } from './fixture.js';

/** A box before a server that says `hi` in one packet with its 101. */
async function beforeSpeaker(profile: string) {
  const sockets: Socket[] = [];
  const server = createServer().on('upgrade', ({ headers }, socket) => {
    sockets.push(socket as Socket);
    const key = `${headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash('sha1').update(key).digest('base64');
    const head = [
      'HTTP/1.1 101 Yes',
      'Upgrade: websocket',
      'Connection: Upgrade',
      `Sec-WebSocket-Accept: ${accept}`,
    ];
    socket.on('error', () => {});
    socket.write(`${head.join('\r\n')}\r\n\r\n\u0081\u0002hi`, 'latin1');
  });
  return { box: await beforeServer(server, profile), reset: () => sockets[0]?.resetAndDestroy() };
}

async function beforeServer(server: Server, profile: string): Promise<Box> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const box = await openBox({ to: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, profile });
  onTestFinished(async () => {
    await box.close();
    server.close();
  });
  return box;
}

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

  it('passes frames that come with the answer to the upgrade, and a reset', async () => {
    const { box, reset } = await beforeSpeaker('');
    const client = talk(box.url);
    await eventually(() => client.got).toEqual(['hi']);
    reset();
    await eventually(() => client.code).toBe(1006);
  });

  it('leaves no connection to a target that did not upgrade', async () => {
    const server = createServer(
      { keepAliveTimeout: 60_000 },
      (_incoming, outgoing) => void outgoing.end('no'),
    );
    let connections = 0;
    server.on('connection', (socket) => {
      connections++;
      socket.once('close', () => connections--);
    });
    const box = await beforeServer(server, '');
    const client = talk(box.url);
    await eventually(() => client.refused).toContain('200');
    await eventually(() => connections).toBe(0);
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

  it('kill-first-frame lets it open first, however soon the server speaks', async () => {
    const { box } = await beforeSpeaker('kill-first-frame,latency=100ms');
    const client = talk(box.url);
    let opened = false;
    client.socket.on('open', () => (opened = true));
    await eventually(() => client.code).toBe(1006);
    expect([opened, client.got]).toEqual([true, []]);
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
