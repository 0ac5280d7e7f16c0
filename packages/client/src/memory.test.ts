import { describe, expect, test } from 'vitest';
import { REMEMBERED, remember } from './memory.js';
import { createPath } from './path.js';
import type { Learned } from './path.js';

const ALL = ['websocket', 'sse', 'long-poll', 'polling'] as const;

/** A browser's memory that survives visits, a network and a calendar that can be changed. */
function browser() {
  const kept = new Map<string, string>();
  const self = {
    kept,
    network: 'wifi',
    now: 1_700_000_000_000,
    visit(url = 'https://a.example/realtime') {
      const path = createPath();
      const memory = remember(
        path,
        url,
        ALL,
        {
          storage: { read: (key) => kept.get(key), write: (key, text) => void kept.set(key, text) },
          network: () => self.network,
        },
        () => self.now,
      );
      return {
        path,
        learn(learned: Learned) {
          Object.assign(path, learned);
          memory.keep();
        },
        keep: memory.keep,
      };
    },
  };
  return self;
}

describe('the memory of a way', () => {
  test('gives the next visit what this one has learned', () => {
    const page = browser();
    page.visit().learn({ heartbeat: 3_000, first: 'sse', request: 1_024 });
    expect(page.visit().path).toMatchObject({ heartbeat: 3_000, first: 'sse', request: 1_024 });
  });

  test('knows nothing of another server or another network', () => {
    const page = browser();
    page.visit().learn({ heartbeat: 3_000 });
    expect(page.visit('https://b.example/realtime').path.heartbeat).toBeUndefined();
    page.network = 'cellular';
    expect(page.visit().path.heartbeat).toBeUndefined();
    page.network = 'wifi';
    expect(page.visit().path.heartbeat).toBe(3_000);
  });

  test('changes with the network while the page is open', () => {
    const page = browser();
    const visit = page.visit();
    visit.learn({ heartbeat: 3_000 });
    page.network = 'cellular';
    visit.keep();
    expect(visit.path.heartbeat).toBeUndefined();
    visit.learn({ heartbeat: 9_000 });
    page.network = 'wifi';
    visit.keep();
    expect(visit.path.heartbeat).toBe(3_000);
  });

  test('forgets', () => {
    const page = browser();
    page.visit().learn({ first: 'polling' });
    page.now += REMEMBERED - 1;
    expect(page.visit().path.first).toBe('polling');
    page.now += 1;
    expect(page.visit().path.first).toBeUndefined();
    page.now -= 10 * REMEMBERED;
    expect(page.visit().path.first).toBeUndefined();
  });

  test('writes only what is new', () => {
    const page = browser();
    const visit = page.visit();
    visit.keep();
    expect(page.kept.size).toBe(0);
    visit.learn({ first: 'sse' });
    page.kept.clear();
    visit.keep();
    expect(page.kept.size).toBe(0);
  });

  test.each([
    '',
    'null',
    '[]',
    '{"until":',
    '{"heartbeat":3000}',
    '{"heartbeat":"1","first":"carrier-pigeon","request":-5,"until":1700000000001}',
    '{"answer":1023,"until":1700000000001}',
    '{"answer":262145,"until":1700000000001}',
    '{"heartbeat":0.5,"first":{"a":1},"request":1e9,"until":1700000000001}',
  ])('takes %j for nothing', (text) => {
    const page = browser();
    page.kept.set('iskra https://a.example/realtime wifi', text);
    const { heartbeat, first, request, answer } = page.visit().path;
    expect([heartbeat, first, request, answer]).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('is none where nothing can be kept', () => {
    const path = createPath();
    remember(path, 'https://a.example', ALL, {}).keep();
    expect(path.heartbeat).toBeUndefined();
  });
});
