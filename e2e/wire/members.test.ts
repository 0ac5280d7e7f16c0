// The member list of a channel, as clients of other hands see it.

import { describe, expect, it } from 'vitest';
import { asked, envelopeOf, KINDS, Opcode, Peer, webSocketFrame } from './peer.js';
import type { Frame } from './peer.js';
import { keepsItsLogClean, withServer } from './suite.js';

/** Far less than the lease of a member of whom nothing is heard. */
const PROMPT = 10_000;

const isTold =
  (delta: string, session: string) =>
  (frame: Frame): boolean =>
    frame[0] === 'entry' && envelopeOf(frame).delta === delta && envelopeOf(frame).payload.id === session;

describe('A server with members', () => {
  const suite = withServer();

  it('lets the member of a page leave that closes with 1001 and says no bye, and keeps its session (P46, P47)', async () => {
    const watcher = await Peer.open('websocket', suite.port);
    await watcher.subscribe('room:hall');
    const page = await Peer.open('websocket', suite.port);
    await page.subscribe('room:hall', { presence: { name: 'page' } });
    const { session, key } = page.welcome;
    await watcher.until(isTold('member_joined', session));
    page.socket?.socket.write(webSocketFrame(Opcode.close, Buffer.from([1001 >> 8, 1001 & 255])));
    await watcher.received.until(isTold('member_left', session), PROMPT);

    watcher.received.frames.length = 0;
    await Peer.open('websocket', suite.port, { hello: { nonce: page.nonce, key } });
    await watcher.until(isTold('member_joined', session));
    expect(watcher.received.frames.filter(isTold('member_left', session))).toEqual([]);
  });

  it('tells more members than fit into an envelope page by page, over every transport (P3, P48)', async () => {
    const members = await Promise.all(Array.from({ length: 150 }, () => Peer.open('send', suite.port)));
    const ids = members.map(({ welcome }) => welcome.session);
    for (const one of members) await one.subscribe('room:full', { presence: 'x'.repeat(900) });
    for (const kind of KINDS) {
      const reader = await Peer.open(kind, suite.port);
      const found: string[] = [];
      let { payload } = await reader.subscribe('room:full');
      for (;;) {
        expect(JSON.stringify(payload).length).toBeLessThan(65_536);
        found.push(...(payload.members as { id: string }[]).map(({ id }) => id));
        if (payload.more === undefined) break;
        const number = reader.next();
        await reader.say([
          'request',
          number,
          asked('@members', { channel: 'room:full', after: payload.more }),
        ]);
        ({ payload } = await reader.outcome(number));
      }
      expect(found).toEqual(ids);
      reader.leave();
    }
  });

  keepsItsLogClean(suite);
});
