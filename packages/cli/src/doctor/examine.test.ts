/** The doctor against a real server, directly and behind boxes. */
import { openBox } from '@iskra/chaos';
import { afterEach, describe, expect, it } from 'vitest';
import { box, check, codes, diagnose, endAll, iskra } from './fixture.js';

afterEach(endAll);

describe('examine', () => {
  it('finds nothing where nothing stands in the way', async () => {
    const report = await diagnose(await iskra());
    expect(codes(report)).toEqual([]);
    expect(report).toMatchObject({ state: 'clear', exitCode: 0, best: 'websocket' });
    expect(report.checks.map(({ check: name }) => name)).toEqual([
      ...['connection', 'server', 'websocket', 'websocket, quiet', 'sse', 'sse, quiet'],
      ...['long-poll', 'long-poll, held', 'polling', 'request size', 'repetition', 'page', 'Origin'],
    ]);
    expect(report.checks.every(({ result }) => result === 'pass')).toBe(true);
  });

  it('leaves no connection behind', async () => {
    const port = await iskra();
    await diagnose(port);
    const health = (await (await fetch(`http://127.0.0.1:${port}/health`)).json()) as object;
    expect(health).toMatchObject({ active_connections: 0 });
  });

  it('tells a stripped upgrade, and the best transport that is left', async () => {
    const report = await diagnose(await box(await iskra(), { strip: true }));
    expect(codes(report)).toEqual(['ws-refused']);
    expect(report).toMatchObject({ state: 'hindered', exitCode: 1, best: 'sse' });
    expect(check(report, 'websocket')?.detail).toContain('without Upgrade');
  });

  it('tells a stream that is collected from one that is refused', async () => {
    const report = await diagnose(await box(await iskra(), { collect: true }), { timeout: 1_000 });
    expect(codes(report)).toEqual(['sse-buffered']);
    expect(report.best).toBe('websocket');
  });

  it('tells that answers are compressed, and that this holds the stream', async () => {
    const report = await diagnose(await box(await iskra(), { gzip: true }), { timeout: 1_000 });
    expect(codes(report).sort()).toEqual(['compressed', 'sse-buffered']);
  });

  it('finds the size that passes', async () => {
    const report = await diagnose(await box(await iskra(), { limit: 10_000 }));
    expect(codes(report)).toEqual(['body-limit']);
    expect(check(report, 'request size')?.detail).toMatch(/^9(\.\d)? kB pass; .* kB: answered 413$/);
  });

  it('tells a connection that is cut because it is quiet', async () => {
    const port = await box(await iskra(), { idle: 1_400 });
    const report = await diagnose(port, { idle: 2_600, hold: 1_000 });
    expect(codes(report)).toEqual(['idle-cut']);
    expect(check(report, 'websocket, quiet')).toMatchObject({ result: 'warn' });
    expect(check(report, 'sse, quiet')).toMatchObject({ result: 'warn' });
    expect(report.best).toBe('long-poll');
  }, 15_000);

  it('tells a connection that is cut whatever it does', async () => {
    const port = await box(await iskra(), { age: 1_400 });
    const report = await diagnose(port, { idle: 2_600 });
    expect(codes(report)).toEqual(['ws-killed-early']);
    expect(check(report, 'websocket, quiet')).toMatchObject({ result: 'fail' });
    expect(report.best).toBe('sse');
  }, 15_000);

  it('tells a poll that is cut before its time', async () => {
    // Far from each other: a silence takes longer on a machine that is busy, and the box must bear it.
    const port = await box(await iskra(), { idle: 3_000 });
    const report = await diagnose(port, { idle: 500, hold: 5_000 });
    expect(codes(report)).toEqual(['poll-cut']);
  }, 15_000);

  it('tells a poll that somebody else answers', async () => {
    const report = await diagnose(await box(await iskra(), { hurry: 300 }), { hold: 1_500 });
    expect(codes(report)).toEqual(['poll-cut']);
  });

  it('tells nodes that do not know each other, and takes that for no limit of size', async () => {
    const report = await diagnose(await box(await iskra(), { other: await iskra() }));
    expect(codes(report)).toContain('other-node');
    expect(codes(report)).not.toContain('body-limit');
    expect(report.best).toBe('websocket');
  });

  it('takes one cut for an accident, and tells it', async () => {
    // Two, as two streams are opened side by side.
    const report = await diagnose(await box(await iskra(), { cut: { path: '/sse', times: 2 } }));
    expect(codes(report)).toEqual(['unsteady']);
    expect(check(report, 'sse')).toMatchObject({ result: 'warn' });
  });

  it('asks again by a poll that was cut, as a client does', async () => {
    // One for each of those that begin with a poll, and one more.
    const report = await diagnose(await box(await iskra(), { cut: { path: '/poll', times: 4 } }));
    expect(codes(report)).toEqual(['unsteady']);
    expect(report).toMatchObject({ best: 'websocket', exitCode: 1 });
  });

  it('takes a slow line for no limit of size', async () => {
    const slow = await openBox({ to: `http://127.0.0.1:${await iskra()}`, profile: 'bandwidth=8kB' });
    const report = await diagnose(slow.port);
    await slow.close();
    expect(codes(report)).toEqual([]);
    expect(check(report, 'request size')?.detail).toMatch(
      /^16 kB pass; 64 kB take too long, at .* kB a second$/,
    );
  }, 30_000);

  it('notices that requests come twice', async () => {
    const report = await diagnose(await box(await iskra(), { repeat: true }));
    expect(codes(report)).toContain('posts-repeated');
    expect(check(report, 'repetition')?.detail).toBe('3 requests were sent, 6 arrived');
  });

  it('sees by the answers what the server does not get to see', async () => {
    const report = await diagnose(
      await box(await iskra(), { without: ['origin', 'sec-websocket-protocol'] }),
    );
    expect(codes(report).sort()).toEqual(['origin-stripped', 'subprotocol-stripped']);
  });
});
