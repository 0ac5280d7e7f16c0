/** What happens to answers on their way back. */
import { gunzipSync } from 'node:zlib';
import type { ServerResponse } from 'node:http';
import { describe, expect, it } from 'vitest';
import { ask, boxed, eventually, manyBytes, opening, pause } from './fixture.js';

/** A stream behind a box, written by hand. */
async function streaming(profile: string, headers: Record<string, string> = {}) {
  let outgoing: ServerResponse | undefined;
  const { box, origin } = await boxed(profile, (_incoming, response) => {
    outgoing = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
  });
  const coming = opening(box.url, { headers });
  await eventually(() => outgoing).toBeDefined();
  return {
    ...{ box, origin, coming },
    /** Each in a packet of its own. */
    async write(...texts: string[]): Promise<void> {
      for (const text of texts) {
        outgoing?.write(text);
        await pause(20);
      }
    },
    end: () => outgoing?.end(),
  };
}

const profiles = ['buffer', 'buffer=1kB', 'hold-first', 'one-behind', 'gzip', 'buffer=10kB,one-behind,gzip'];

describe('a box with', () => {
  it.each(profiles)('%s brings every byte in the end', async (profile) => {
    const { box } = await boxed(profile);
    const headers = { 'accept-encoding': 'gzip' };
    const answer = await ask(box.url, { method: 'POST', body: manyBytes, headers });
    expect(answer.state).toBe('whole');
    const bytes = profile.includes('gzip') ? gunzipSync(answer.bytes) : answer.bytes;
    expect(bytes.equals(manyBytes)).toBe(true);
    expect(await ask(box.url)).toMatchObject({ status: 200, text: '', state: 'whole' });
  });

  it('buffer brings nothing before the end, not even the headers', async () => {
    const { coming, write, end, box } = await streaming('buffer');
    await write('one', 'two');
    expect(coming).toMatchObject({ status: 0, text: '' });
    end();
    await eventually(() => coming.state).toBe('whole');
    expect(coming).toMatchObject({ status: 200, text: 'onetwo' });
    expect(box.stats.struck).toEqual({ buffer: 1 });
  });

  it('buffer with a size brings as much at a time', async () => {
    const { coming, write, end } = await streaming('buffer=5B');
    await write('one');
    expect(coming.status).toBe(0);
    await write('two', 'more');
    await eventually(() => coming.text).toBe('onetwo');
    await pause(50);
    expect(coming.text).toBe('onetwo');
    end();
    await eventually(() => coming.text).toBe('onetwomore');
  });

  it('hold-first keeps the first piece until the second comes', async () => {
    const { coming, write } = await streaming('hold-first');
    await eventually(() => coming.status).toBe(200);
    await write('one');
    await pause(50);
    expect(coming.text).toBe('');
    await write('two');
    await eventually(() => coming.text).toBe('onetwo');
    await write('three');
    await eventually(() => coming.text).toBe('onetwothree');
  });

  it('one-behind always keeps the last piece', async () => {
    const { coming, write, end } = await streaming('one-behind');
    await write('one', 'two', 'three');
    await eventually(() => coming.text).toBe('onetwo');
    await pause(50);
    expect(coming.text).toBe('onetwo');
    end();
    await eventually(() => coming.text).toBe('onetwothree');
  });

  it('gzip holds back a stream for those that accept it, and leaves the others alone', async () => {
    const accepting = await streaming('gzip', { 'accept-encoding': 'br, gzip' });
    await accepting.write('one', 'two');
    await pause(50);
    expect(accepting.coming.headers).toMatchObject({ 'content-encoding': 'gzip', vary: 'Accept-Encoding' });
    // The ten bytes with which every such answer starts, and nothing of ours.
    expect(accepting.coming.bytes.length).toBeLessThanOrEqual(10);
    accepting.end();
    await eventually(() => accepting.coming.state).toBe('whole');
    expect(gunzipSync(accepting.coming.bytes).toString()).toBe('onetwo');

    const plain = await streaming('gzip');
    await plain.write('one');
    await eventually(() => plain.coming.text).toBe('one');
    expect(plain.box.stats.struck).toEqual({});
  });

  it('cut-answers cuts what takes too long, and nothing else', async () => {
    const { coming, write, box, origin } = await streaming('cut-answers=400ms');
    await write('one');
    await eventually(() => coming.state).toBe('cut');
    expect(coming.text).toBe('one');
    await eventually(() => origin.heard[0]?.state).toBe('broken off');
    expect(box.stats.struck).toEqual({ 'cut-answers': 1 });
  });

  it('limit-answers brings the beginning of what is longer, and all of what is not', async () => {
    const { box } = await boxed('limit-answers=1kB');
    expect(await ask(box.url, { method: 'POST', body: 'x'.repeat(1_000) })).toMatchObject({ state: 'whole' });
    expect(box.stats.struck).toEqual({});
    const answer = await ask(box.url, { method: 'POST', body: manyBytes });
    expect(answer).toMatchObject({ status: 200, state: 'cut' });
    expect(answer.bytes.equals(manyBytes.subarray(0, 1_024))).toBe(true);
    expect(box.stats.struck).toEqual({ 'limit-answers': 1 });
  });

  it.each([
    ['limit-answers-502=1kB', 502, 'whole'],
    ['limit-answers-cut=1kB', 0, 'cut'],
  ])('%s brings nothing of what says that it is longer', async (profile, status, state) => {
    const { box } = await boxed(profile, (incoming, outgoing) => {
      const length = Number(incoming.url?.slice(1));
      outgoing.writeHead(200, { 'content-length': length }).end('x'.repeat(length));
    });
    expect(await ask(`${box.url}/1024`)).toMatchObject({ status: 200, state: 'whole' });
    expect(box.stats.struck).toEqual({});
    const answer = await ask(`${box.url}/1025`);
    expect(answer).toMatchObject({ status, state });
    expect(answer.text).not.toContain('x');
  });

  it.each(['limit-answers=5B', 'limit-answers-502=5B', 'limit-answers-cut=5B'])(
    '%s cuts a stream, whose length nobody knows, behind so many bytes',
    async (profile) => {
      const { coming, write, origin } = await streaming(profile);
      await write('one', 'two');
      await eventually(() => coming.state).toBe('cut');
      expect(coming).toMatchObject({ status: 200, text: 'onetw' });
      await eventually(() => origin.heard[0]?.state).toBe('broken off');
    },
  );

  it('refuse-streams replaces event streams, and nothing else', async () => {
    const { box, origin } = await boxed('refuse-streams=502', (incoming, outgoing) => {
      const type = incoming.url === '/stream' ? 'text/event-stream; charset=utf-8' : 'text/plain';
      outgoing.writeHead(200, { 'content-type': type }).write('x');
      if (type === 'text/plain') outgoing.end();
    });
    expect(await ask(`${box.url}/stream`)).toMatchObject({ status: 502, state: 'whole' });
    await eventually(() => origin.heard[0]?.state).toBe('broken off');
    expect(await ask(box.url)).toMatchObject({ status: 200, text: 'x' });
  });
});
