/** Each `sharedAuth` is a page here: the channel between them is Node's own, the locks are those of one browser. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { sharedAuth } from './auth.js';

interface Request {
  readonly run: (lock: object | null) => unknown;
  readonly settle: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Web Locks, as far as they are used. */
function createLocks() {
  const held = new Set<string>();
  const waiting = new Map<string, Request[]>();
  const grant = (name: string, { run, settle, reject }: Request): void => {
    held.add(name);
    Promise.resolve()
      .then(() => run({}))
      .then(settle, reject)
      .finally(() => {
        held.delete(name);
        const next = waiting.get(name)?.shift();
        if (next) grant(name, next);
      });
  };
  const request = (
    name: string,
    options: { ifAvailable?: boolean; signal?: AbortSignal },
    run: (lock: object | null) => unknown,
  ): Promise<unknown> =>
    new Promise((settle, reject) => {
      const one: Request = { run, settle, reject };
      if (!held.has(name)) return grant(name, one);
      if (options.ifAvailable) return void Promise.resolve(run(null)).then(settle, reject);
      const queue = waiting.get(name) ?? [];
      waiting.set(name, [...queue, one]);
      options.signal?.addEventListener('abort', () => {
        waiting.set(
          name,
          (waiting.get(name) ?? []).filter((other) => other !== one),
        );
        reject(new DOMException('aborted', 'AbortError'));
      });
    });
  return { request, held };
}

let names = 0;
const ownName = (): string => `test-${names++}`;
const withLocks = () => {
  const locks = createLocks();
  vi.stubGlobal('navigator', { locks });
  vi.stubGlobal('document', {});
  return locks;
};
afterEach(() => vi.unstubAllGlobals());

describe('credentials', () => {
  test('are got once, however often they are asked for meanwhile, and anew afterwards', async () => {
    vi.stubGlobal('navigator', {});
    let got = 0;
    const auth = sharedAuth(async () => ++got);
    expect(await Promise.all([auth(), auth(), auth()])).toEqual([1, 1, 1]);
    expect(await auth()).toBe(2);
  });

  test('are got once for all pages that ask at the same time', async () => {
    const { held } = withLocks();
    let got = 0;
    let give = (): void => {};
    const gate = new Promise<void>((resolve) => (give = resolve));
    const name = ownName();
    const pages = Array.from({ length: 10 }, () =>
      sharedAuth(
        async () => {
          got++;
          await gate;
          return { token: got };
        },
        { name },
      ),
    );
    const all = Promise.all(pages.map((auth) => auth()));
    await expect.poll(() => got).toBe(1);
    give();
    expect(await all).toEqual(pages.map(() => ({ token: 1 })));
    expect(got).toBe(1);
    await expect.poll(() => held.size).toBe(0);
  });

  test('are those of pages of the same name only', async () => {
    withLocks();
    const get = vi.fn(async () => 1);
    await Promise.all([sharedAuth(get, { name: ownName() })(), sharedAuth(get, { name: ownName() })()]);
    expect(get).toHaveBeenCalledTimes(2);
  });

  test('are those of one user each in a program, which has locks and no pages', async () => {
    withLocks();
    delete (globalThis as { document?: unknown }).document;
    const users = ['ann', 'bob'].map((user) => sharedAuth(async () => user)());
    expect(await Promise.all(users)).toEqual(['ann', 'bob']);
  });

  test('that one page does not get, no other one gets at the same time', async () => {
    withLocks();
    const name = ownName();
    let got = 0;
    let fail = (): void => {};
    const gate = new Promise<void>((_, reject) => (fail = () => reject(new Error('offline'))));
    const get = async (): Promise<number> => {
      got++;
      await gate;
      return 1;
    };
    const all = [0, 1, 2].map(() => sharedAuth(get, { name, tries: 1 })());
    const told = Promise.allSettled(all);
    await expect.poll(() => got).toBe(1);
    fail();
    expect((await told).map((one) => one.status === 'rejected' && (one.reason as Error).message)).toEqual([
      'offline',
      'Another page of this origin did not get credentials.',
      'Another page of this origin did not get credentials.',
    ]);
    expect(got).toBe(1);
  });

  test('are got by the next page when the one that gets them dies without a word', async () => {
    const locks = withLocks();
    const name = ownName();
    let die = (): void => {};
    void locks.request(`iskra-auth:${name}`, {}, () => new Promise<void>((resolve) => (die = resolve)));
    await expect.poll(() => locks.held.size).toBe(1);
    const waits = sharedAuth(async () => 'mine', { name })();
    die();
    expect(await waits).toBe('mine');
  });

  test('are not waited for longer than the patience, as of a page that is frozen', async () => {
    const locks = withLocks();
    const name = ownName();
    void locks.request(`iskra-auth:${name}`, {}, () => new Promise(() => {}));
    await expect.poll(() => locks.held.size).toBe(1);
    expect(await sharedAuth(async () => 'mine', { name, patience: 5 })()).toBe('mine');
  });

  test('are not kept from others by a page that has got its own meanwhile', async () => {
    const locks = withLocks();
    const name = ownName();
    let die = (): void => {};
    void locks.request(`iskra-auth:${name}`, {}, () => new Promise<void>((resolve) => (die = resolve)));
    await expect.poll(() => locks.held.size).toBe(1);
    const waits = sharedAuth(async () => 'mine', { name, patience: 20 })();
    die();
    expect(await waits).toBe('mine');
    await expect.poll(() => locks.held.size).toBe(0);
  });

  test('are got once by a page whose turn comes while it gets its own', async () => {
    const locks = withLocks();
    const name = ownName();
    let die = (): void => {};
    void locks.request(`iskra-auth:${name}`, {}, () => new Promise<void>((resolve) => (die = resolve)));
    await expect.poll(() => locks.held.size).toBe(1);
    let give = (): void => {};
    const get = vi.fn(() => new Promise<string>((resolve) => (give = () => resolve('mine'))));
    const waits = sharedAuth(get, { name, patience: 5 })();
    await expect.poll(() => get.mock.calls.length).toBe(1);
    die();
    await new Promise((resolve) => setTimeout(resolve, 100));
    give();
    expect(await waits).toBe('mine');
    expect(get).toHaveBeenCalledTimes(1);
    await expect.poll(() => locks.held.size).toBe(0);
  });

  test('are got by each page for itself where locks are refused, as in a sandbox', async () => {
    const request = async () => {
      throw new DOMException('refused', 'SecurityError');
    };
    vi.stubGlobal('navigator', { locks: { request } });
    vi.stubGlobal('document', {});
    expect(await sharedAuth(async () => 'mine', { name: ownName() })()).toBe('mine');
    const none = async () => {
      throw new Error('offline');
    };
    await expect(sharedAuth(none, { name: ownName(), tries: 1 })()).rejects.toThrow('offline');
  });

  test('that do not come in time are as those that were refused', async () => {
    vi.stubGlobal('navigator', {});
    const get = vi.fn(() => new Promise<string>(() => {}));
    const auth = sharedAuth(get, { tries: 2, pause: 1, timeout: 5 });
    await expect(auth()).rejects.toMatchObject({ code: 'auth_timeout' });
    get.mockResolvedValue('at last');
    expect(await auth()).toBe('at last');
    expect(get).toHaveBeenCalledTimes(3);
  });

  test('that do not come in time keep no other page waiting, nor the lock', async () => {
    const locks = withLocks();
    const name = ownName();
    const hangs = sharedAuth(() => new Promise<string>(() => {}), { name, tries: 1, timeout: 20 })();
    await expect.poll(() => locks.held.size).toBe(1);
    const waits = sharedAuth(async () => 'mine', { name, patience: 5 })();
    await expect(hangs).rejects.toMatchObject({ code: 'auth_timeout' });
    expect(await waits).toBe('mine');
    await expect.poll(() => locks.held.size).toBe(0);
  });

  test('are tried for again after a pause, and so often only', async () => {
    vi.stubGlobal('navigator', {});
    const get = vi.fn(async () => {
      throw new Error(`no ${get.mock.calls.length}`);
    });
    await expect(sharedAuth(get, { tries: 4, pause: 1 })()).rejects.toThrow('no 4');
    const once = vi.fn().mockRejectedValueOnce(new Error('no')).mockResolvedValue('yes');
    expect(await sharedAuth(once, { pause: 1 })()).toBe('yes');
  });
});
