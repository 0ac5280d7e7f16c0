/**
 * The entry ./testing: a server for tests (`testing/server.ts`), and the conformance suite of the Store contract: every promise
 * of `store.ts`, and none that is not written there. A store that passes can stand behind a server.
 * It needs a test runner's `describe` and `it`, and nothing else of it.
 */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { decodeBody } from '@iskra/protocol/wire';
import type { Member } from '@iskra/protocol/wire';
import type { AppendKey, EndedSession, Entry, Head, Identity, LogRead, Retention, Store } from './store.js';

export { createTestServer } from './testing/server.js';
export type {
  TestEnvironment,
  TestEnvironmentOptions,
  TestServer,
  TestServerOptions,
} from './testing/server.js';
export type { TestNetwork, TestTransport } from './testing/network.js';
export { globalTimers } from './testing/time.js';
export type { TestTime } from './testing/time.js';

/** What the suite asks a store to be set up with. */
export interface ConformanceSettings {
  /** Milliseconds that a session lives on after its last contact. */
  readonly window: number;
  /** Milliseconds that a member stays listed after the session's last contact. */
  readonly presenceWindow: number;
  /** Entries that a log keeps, those of an inbox too; a store may keep some more. */
  readonly entries: number;
}

/** A fresh store, on a clock that the suite moves. */
export interface ConformanceSubject {
  readonly store: Store;
  /** Another node's access to the same memory. Default: the store itself. */
  readonly peer?: Store;
  /** Moves the store's clock on. */
  advance(ms: number): void | Promise<void>;
  /** Called after each test, behind `end` of the stores. */
  teardown?(): void | Promise<void>;
}

/** Of Vitest, Jest, Mocha or node:test. */
export interface ConformanceRunner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

const SETTINGS: ConformanceSettings = { window: 120_000, presenceWindow: 30_000, entries: 8 };

/** Appends after which a log must have dropped its first entry, however roughly a store trims. */
const MOST_KEPT = 2_000;

/** The key of a session's append. */
const key = (number: number, part = 0): AppendKey => ({ session: 'session', claim: 'a', number, part });

/** Member lists that a session of the tests may be in. */
const MOST = 4;

/** A claim's time in the tests, ms. */
const LEASE = 10_000;

interface Tools extends Required<Omit<ConformanceSubject, 'teardown'>> {
  /** Opens a session and gives its id. */
  open(identity?: Identity): Promise<string>;
  /** Reads everything that follows a position. */
  bodies(log: string, epoch: string, offset: number): Promise<string[]>;
  head(log: string): Promise<Head>;
  /** Appends until the log has dropped its first entries, and gives its head. */
  fill(log: string): Promise<Head>;
  /** The comings and goings that a channel's log tells, as `joined id` and `left id`. */
  told(channel: string): Promise<string[]>;
  /** Commits one send after another, each with one outcome. */
  commit(session: string, ...outcomes: string[]): Promise<void>;
}

/**
 * Declares the suite.
 *
 * @param setup gives a fresh store for each test, with the settings that the suite asks for.
 */
export function storeConformance(
  name: string,
  setup: (settings: ConformanceSettings) => ConformanceSubject | Promise<ConformanceSubject>,
  runner: ConformanceRunner,
): void {
  const { describe } = runner;
  const it = (title: string, body: (tools: Tools) => Promise<void>): void => {
    runner.it(title, async () => {
      const subject = await setup(SETTINGS);
      const { store, peer = store } = subject;
      try {
        await body(toolsFor(subject));
      } finally {
        if (peer !== store) await peer.end();
        await store.end();
        await subject.teardown?.();
      }
    });
  };

  describe(name, () => {
    describe('a question', () => questions(it));
    describe('a session', () => sessions(it));
    describe('a session that the server ends', () => moderated(it));
    describe('a subject', () => subjects(it));
    describe('a log', () => logs(it));
    describe('a channel with terms', () => terms(it));
    describe('an end', () => endings(it));
    describe('a hint', () => hints(it));
    describe('a send', () => sends(it));
    describe('an inbox', () => inboxes(it));
    describe('a member', () => members(it));
    describe('a sweep', () => sweeps(it));
    describe('a report', () => reports(it));
  });
}

type It = (title: string, body: (tools: Tools) => Promise<void>) => void;

function questions(it: It): void {
  it('whether it is there is answered, and nothing comes of it', async ({ store, open, head }) => {
    const session = await open();
    const before = await head(`@${session}`);
    assert.equal(await store.ping(), undefined);
    assert.deepEqual(await head(`@${session}`), before);
  });
}

function sessions(it: It): void {
  it('opens with generation 0, no committed send and an empty inbox', async ({ store }) => {
    const opened = await store.openSession(newNonce(), { subject: 'ann' });
    assert.equal(opened.kind, 'opened');
    const { session, ...state } = opened.state;
    assert.match(session, /^[A-Za-z0-9_-]{1,64}$/);
    assert.match(state.inbox[0], /^[0-9a-z]{1,32}$/);
    assert.deepEqual(
      { ...state, inbox: state.inbox[1] },
      { identity: { subject: 'ann' }, generation: 0, acked: 0, inbox: 0 },
    );
  });

  it('is opened once by a nonce, however often and at once it is used (P10)', async ({ store, peer }) => {
    const nonce = newNonce();
    const answers = await Promise.all(
      [store, peer, store, peer].map((one) => one.openSession(nonce, { subject: 'ann' })),
    );
    answers.push(await store.openSession(nonce, { subject: 'ann' }));
    const ids = answers.map((answer) => answer.kind === 'opened' && answer.state.session);
    assert.equal(typeof ids[0], 'string');
    assert.equal(new Set(ids).size, 1);
  });

  it('tells where it stands when its nonce opens it again (P10)', async ({ store, commit }) => {
    const nonce = newNonce();
    const first = await store.openSession(nonce, {});
    assert.equal(first.kind, 'opened');
    const { session } = first.state;
    await store.attach(session);
    await commit(session, '{"delta":"reply"},1');
    const again = await store.openSession(nonce, {});
    assert.equal(again.kind, 'opened');
    const { generation, acked, inbox } = again.state;
    assert.deepEqual({ generation, acked, inbox: inbox[1] }, { generation: 1, acked: 1, inbox: 1 });
  });

  it('is taken for every other subject that brings its nonce (P15)', async ({ store }) => {
    const nonce = newNonce();
    await store.openSession(nonce, { subject: 'ann' });
    assert.deepEqual(await store.openSession(nonce, { subject: 'bob' }), { kind: 'taken' });
    assert.deepEqual(await store.openSession(nonce, {}), { kind: 'taken' });
    const nobody = newNonce();
    await store.openSession(nobody, {});
    assert.deepEqual(await store.openSession(nobody, { subject: 'bob' }), { kind: 'taken' });
  });

  it('is not opened again by its nonce once it has ended, for its window at least (P10)', async ({
    store,
    advance,
  }) => {
    const open = (nonce: string) => store.openSession(nonce, { subject: 'ann' });
    const [closed, swept] = [newNonce(), newNonce()];
    const opened = await open(closed);
    assert.equal(opened.kind, 'opened');
    await open(swept);
    await store.close(opened.state.session);
    assert.deepEqual(await open(closed), { kind: 'ended' });
    await advance(SETTINGS.window + 1);
    await store.sweep();
    assert.deepEqual(await open(swept), { kind: 'ended' });
    await advance(SETTINGS.window);
    await store.sweep();
    assert.deepEqual(await open(swept), { kind: 'ended' });
  });

  it('has an id of its own for every nonce', async ({ open }) => {
    const ids = await Promise.all(Array.from({ length: 20 }, () => open()));
    assert.equal(new Set(ids).size, 20);
  });

  it('rises by one generation with every attach, also with two at once (P13)', async ({
    store,
    peer,
    open,
  }) => {
    const session = await open();
    const both = await Promise.all([store.attach(session), peer.attach(session)]);
    both.push(await store.attach(session));
    const generations = both.map((answer) => answer.kind === 'attached' && answer.state.generation);
    assert.deepEqual([new Set(generations.slice(0, 2)), generations[2]], [new Set([1, 2]), 3]);
  });

  it('keeps its generation when the newest attempt attaches again, and no other (P13)', async ({
    store,
    open,
  }) => {
    const session = await open();
    const attach = async (attempt?: string): Promise<number | undefined> => {
      const answer = await store.attach(session, undefined, attempt);
      return answer.kind === 'attached' ? answer.state.generation : undefined;
    };
    const generations = [
      await attach('sse-2'),
      await attach('sse-2'),
      await attach('sse-3'),
      await attach('sse-2'),
      await attach(),
      await attach(),
    ];
    assert.deepEqual(generations, [1, 1, 2, 3, 4, 5]);
  });

  it('keeps its identity over an attach without one, and takes a new one', async ({ store, open }) => {
    const identity = { subject: 'ann', claims: { role: ['a', 1, null] }, expiresAt: 4_102_444_800_000 };
    const session = await open(identity);
    const kept = await store.attach(session);
    assert.deepEqual(kept.kind === 'attached' && kept.state.identity, identity);
    const given = await store.attach(session, { subject: 'ann', claims: 2 });
    assert.deepEqual(given.kind === 'attached' && given.state.identity, { subject: 'ann', claims: 2 });
    await store.identify(session, { subject: 'ann', claims: 3 });
    const touched = await store.touch(session);
    assert.deepEqual(touched.kind === 'current' && touched.state.identity, { subject: 'ann', claims: 3 });
  });

  it('is touched by its current generation only; older ones are superseded (P13)', async ({
    store,
    open,
  }) => {
    const session = await open();
    await store.attach(session);
    await store.attach(session);
    const current = await store.touch(session, 2);
    assert.deepEqual(current.kind === 'current' && current.state.generation, 2);
    assert.equal((await store.touch(session)).kind, 'current');
    assert.deepEqual(await store.touch(session, 1), { kind: 'superseded' });
  });

  it('that was never opened is unknown to every verb (P14)', async ({ store }) => {
    await assertUnknown(store, 'nobodynobodynobody1234');
  });

  it('lives on for its window after each contact (P14)', async ({ store, open, advance }) => {
    const session = await open();
    for (const contact of [
      () => store.touch(session),
      () => store.attach(session),
      () => store.begin(session, 1, 'a', LEASE),
      () => store.commit(session, 1, 1, 'a', []),
      () => store.skip(session, 1, 1),
      () => store.touch(session, 1),
    ]) {
      await advance(SETTINGS.window - 1);
      assert.notEqual((await contact()).kind, 'unknown');
    }
    await advance(SETTINGS.window - 1);
    await store.sweep();
    assert.equal((await store.touch(session)).kind, 'current');
  });

  it('is unknown when its window has passed, swept or not (P14)', async ({ store, open, advance }) => {
    const session = await open();
    await advance(SETTINGS.window + 1);
    await assertUnknown(store, session);
    await store.sweep();
    await assertUnknown(store, session);
  });

  it('is not kept alive by a superseded connection', async ({ store, open, advance }) => {
    const session = await open();
    await store.attach(session);
    await store.attach(session);
    await advance(SETTINGS.window - 1);
    assert.equal((await store.touch(session, 2)).kind, 'current');
  });

  it('is unknown at once after it was closed, and can be closed again (P72)', async ({ store, open }) => {
    const session = await open();
    await store.close(session);
    await assertUnknown(store, session);
    await store.close(session);
  });
}

function moderated(it: It): void {
  it('is forbidden by its nonce too: its client may have had no welcome (P84)', async ({
    store,
    peer,
    advance,
  }) => {
    const nonce = newNonce();
    const opened = await store.openSession(nonce, { subject: 'ann' });
    if (opened.kind !== 'opened') assert.fail(opened.kind);
    await peer.close(opened.state.session, 'forbidden');
    assert.deepEqual(await store.openSession(nonce, { subject: 'ann' }), { kind: 'forbidden' });
    await advance(SETTINGS.window - 1);
    await store.sweep();
    assert.deepEqual(await peer.openSession(nonce, { subject: 'ann' }), { kind: 'forbidden' });
  });

  it('is forbidden from then on, and unknown to every verb (P84)', async ({ store, peer, open, advance }) => {
    const session = await open({ subject: 'ann' });
    assert.deepEqual(await peer.stateOf(session), await store.stateOf(session));
    await store.close(session, 'forbidden');
    await assertUnknown(peer, session);
    assert.deepEqual(await peer.stateOf(session), { kind: 'forbidden' });
    await advance(SETTINGS.window - 1);
    await store.sweep();
    assert.deepEqual(await peer.stateOf(session), { kind: 'forbidden' });
    assert.deepEqual(await store.stateOf('nobodynobodynobody1234'), { kind: 'unknown' });
  });

  it('is none of those whose client closed it, or whose window has passed', async ({
    store,
    open,
    advance,
  }) => {
    const [closed, silent] = [await open(), await open()];
    await store.close(closed);
    assert.deepEqual(await store.stateOf(closed), { kind: 'unknown' });
    await advance(SETTINGS.window + 1);
    assert.deepEqual(await store.stateOf(silent), { kind: 'unknown' });
  });

  it('is told of where its inbox is watched, and so is one whose credentials change (P84)', async ({
    store,
    peer,
    open,
  }) => {
    const session = await open();
    const changes: string[] = [];
    let wake = (): void => {};
    store.onHint(
      () => {},
      () => {},
      (changed) => {
        changes.push(changed);
        wake();
      },
    );
    await store.watch(`@${session}`);
    for (const [count, act] of [
      () => peer.identify(session, { claims: 1 }),
      () => peer.revoke(session),
      () => peer.close(session, 'forbidden'),
    ].entries()) {
      await act();
      while (changes.length <= count) await new Promise<void>((resolve) => (wake = resolve));
    }
    assert.deepEqual(new Set(changes), new Set([session]));
  });

  it('has a revision that rises with each such change, and not otherwise (P84)', async ({
    store,
    peer,
    open,
    head,
  }) => {
    const session = await open({ subject: 'ann' });
    const revisions: number[] = [];
    const note = async (): Promise<void> =>
      void revisions.push((await head(`@${session}`)).session?.revision ?? 0);
    await note();
    await store.attach(session);
    await store.touch(session);
    await note();
    for (const act of [
      () => peer.identify(session, { subject: 'ann' }),
      () => peer.revoke(session),
      () => peer.close(session, 'forbidden'),
    ]) {
      await act();
      await note();
    }
    assert.deepEqual(revisions.slice(0, 2), [0, 0]);
    assert.equal(new Set(revisions).size, 4);
    const rising = [...revisions].sort((a, b) => a - b);
    assert.deepEqual(revisions, rising);
  });

  it('tells whoever reads its inbox what changed before, watched or not (P84)', async ({
    store,
    peer,
    open,
    head,
  }) => {
    let wake = (): void => {};
    store.onHint(
      () => {},
      () => {},
      () => wake(),
    );
    const [watched, other] = [await open(), await open()];
    const revisions = async (session: string): Promise<(number | undefined)[]> => {
      const { epoch, offset, session: known } = await head(`@${session}`);
      return [(await store.read(`@${session}`, epoch, offset, 10)).revision ?? 0, known?.revision ?? 0];
    };
    await store.watch(`@${watched}`);
    // A store may remember what it has read of a log that is watched.
    assert.deepEqual(await revisions(watched), [0, 0]);
    const told = new Promise<void>((resolve) => (wake = resolve));
    await peer.revoke(watched);
    await told;
    await peer.close(other, 'forbidden');
    for (const session of [watched, other]) {
      const [read, known] = await revisions(session);
      assert.equal(read, known);
      assert.notEqual(read, 0);
    }
  });

  it('has a state without contact', async ({ store, open, advance }) => {
    const session = await open({ subject: 'ann' });
    await advance(SETTINGS.window - 1);
    const known = await store.stateOf(session);
    assert.deepEqual(known.kind === 'current' && known.state.identity, { subject: 'ann' });
    await advance(2);
    assert.deepEqual(await store.stateOf(session), { kind: 'unknown' });
  });

  it('whose credentials are revoked begins nothing until it brings others (P84)', async ({
    store,
    peer,
    open,
  }) => {
    const session = await open({ subject: 'ann', expiresAt: 4_102_444_800_000 });
    const ends = async (): Promise<unknown> => {
      const known = await peer.touch(session);
      return known.kind === 'current' && known.state.identity.expiresAt;
    };
    for (const renew of [
      () => store.identify(session, { subject: 'ann' }),
      () => store.attach(session, { subject: 'ann' }),
    ]) {
      await store.revoke(session);
      assert.equal(await ends(), 0);
      assert.deepEqual(await peer.begin(session, 1, 'a', LEASE), { kind: 'revoked' });
      assert.equal((await peer.attach(session)).kind, 'attached');
      assert.deepEqual(await peer.begin(session, 1, 'a', LEASE), { kind: 'revoked' });
      await renew();
      assert.equal(await ends(), undefined);
      assert.equal((await peer.begin(session, 1, 'a', LEASE)).kind, 'run');
    }
    await store.revoke('nobodynobodynobody1234');
  });

  it('leaves the lists that it is in (P46)', async ({ store, peer, open, told }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    await peer.close(session, 'forbidden');
    assert.deepEqual(await store.members('room'), []);
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`]);
  });
}

function subjects(it: It): void {
  it('has the sessions that were opened under it, whichever node opened them', async ({
    store,
    peer,
    open,
  }) => {
    const [one, two, bob] = [
      await open({ subject: 'ann' }),
      await open({ subject: 'ann' }),
      await open({ subject: 'bob' }),
    ];
    await open();
    assert.deepEqual([...(await peer.sessionsOf('ann'))].sort(), [one, two].sort());
    assert.deepEqual(await store.sessionsOf('bob'), [bob]);
    assert.deepEqual(await store.sessionsOf('a "nobody" {with} anything'), []);
  });

  it('has none that another subject tried to open by its nonce', async ({ store, peer }) => {
    const nonce = newNonce();
    await store.openSession(nonce, { subject: 'ann' });
    assert.deepEqual(await peer.openSession(nonce, { subject: 'bob' }), { kind: 'taken' });
    assert.deepEqual(await store.sessionsOf('bob'), []);
    assert.equal((await store.sessionsOf('ann')).length, 1);
  });

  it('keeps a session for as long as it lives', async ({ store, open, advance }) => {
    const session = await open({ subject: 'ann' });
    for (let contacts = 0; contacts < 80; contacts++) {
      await advance(SETTINGS.window - 1);
      assert.equal((await store.touch(session)).kind, 'current');
      // Others come and go meanwhile.
      if (contacts % 20 === 0) await open({ subject: 'ann' });
    }
    assert.ok((await store.sessionsOf('ann')).includes(session));
  });

  it('that is refused opens no session, also by a nonce that did before, until that time is over (P84)', async ({
    store,
    peer,
    advance,
  }) => {
    const nonce = newNonce();
    const open = (one: Store, subject: string, by = newNonce()) => one.openSession(by, { subject });
    await open(store, 'ann', nonce);
    await store.refuse('ann', 10_000);
    assert.deepEqual(await open(peer, 'ann'), { kind: 'refused' });
    assert.deepEqual(await open(peer, 'ann', nonce), { kind: 'refused' });
    assert.equal((await open(peer, 'bob')).kind, 'opened');
    await advance(10_001);
    assert.equal((await open(peer, 'ann')).kind, 'opened');
    await store.refuse('ann', 10_000);
    await peer.refuse('ann', 0);
    assert.equal((await open(store, 'ann')).kind, 'opened');
    await store.refuse('ann', Infinity);
    await advance(10_001);
    assert.deepEqual(await open(peer, 'ann'), { kind: 'refused' });
  });
}

function logs(it: It): void {
  it('counts its entries 1, 2, 3 in one epoch, and each log for itself', async ({ store }) => {
    const entries = [];
    for (const body of ['a', 'b', 'c']) entries.push(await store.append('one', body));
    const [epoch] = entries.map(({ entry }) => entry.epoch);
    assert.ok(epoch !== undefined && /^[0-9a-z]{1,32}$/.test(epoch));
    assert.deepEqual(
      entries.map(({ kind, entry: { epoch: own, offset, body } }) => [kind, own, offset, body]),
      [
        ['appended', epoch, 1, 'a'],
        ['appended', epoch, 2, 'b'],
        ['appended', epoch, 3, 'c'],
      ],
    );
    assert.equal((await store.append('two', 'd')).entry.offset, 1);
  });

  it('gives appends at once an offset each, without a hole', async ({ store, peer, bodies, head }) => {
    const { epoch } = await head('log');
    const answers = await Promise.all(
      Array.from({ length: SETTINGS.entries }, (_, n) => (n % 2 ? store : peer).append('log', `${n}`)),
    );
    const byOffset = answers.map(({ entry }) => entry).sort((a, b) => a.offset - b.offset);
    assert.deepEqual(
      byOffset.map(({ offset }) => offset),
      Array.from({ length: SETTINGS.entries }, (_, n) => n + 1),
    );
    assert.deepEqual(
      await bodies('log', epoch, 0),
      byOffset.map(({ body }) => body),
    );
  });

  it('keeps bodies as they are, whatever characters are in them', async ({ store, bodies, head }) => {
    const body = '{"delta":"said","payload":{"text":"Привіт 👋 \\u0000 \\" \u2028"}},12';
    await store.append('log', body);
    assert.deepEqual(await bodies('log', (await head('log')).epoch, 0), [body]);
  });

  it('takes a key once (P39)', async ({ store, head }) => {
    assert.equal((await store.append('log', 'a', key(1))).kind, 'appended');
    assert.deepEqual(await store.append('log', 'other', key(1)), { kind: 'duplicate' });
    assert.equal((await head('log')).offset, 1);
  });

  it('takes a key once also when two appends bring it at once (P39)', async ({ store, peer, head }) => {
    const both = await Promise.all([store.append('log', 'a', key(1)), peer.append('log', 'a', key(1))]);
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ['appended', 'duplicate']);
    assert.equal((await head('log')).offset, 1);
  });

  it('takes a key no more when its entry is long gone (P39)', async ({ store, fill }) => {
    await store.append('log', 'a', key(1));
    await fill('log');
    assert.deepEqual(await store.append('log', 'a', key(1)), { kind: 'duplicate' });
  });

  it('takes no key behind the last one of its session: that send was committed before (P39)', async ({
    store,
    head,
  }) => {
    await store.append('log', 'a', key(7, 2));
    for (const late of [key(7, 2), key(7, 1), key(7), key(6), key(6, 9)]) {
      assert.deepEqual(await store.append('log', 'b', late), { kind: 'duplicate' });
    }
    assert.equal((await store.append('log', 'b', key(7, 3))).kind, 'appended');
    assert.equal((await store.append('log', 'c', key(8))).kind, 'appended');
    assert.equal((await head('log')).offset, 3);
  });

  it('knows of an unfinished batch which of its sends are in the log, and takes none behind the last (P39)', async ({
    store,
    open,
    head,
  }) => {
    const session = await open();
    const send = (number: number) => ({ session, claim: 'a', number, part: 0 });
    await store.begin(session, 1, 'a', 10_000);
    for (const number of [1, 3, 4, 6]) await store.append('log', 'a', send(number));
    const again = [];
    for (const number of [1, 2, 3, 4, 5, 6]) again.push((await store.append('log', 'b', send(number))).kind);
    assert.deepEqual(again, ['duplicate', 'behind', 'duplicate', 'duplicate', 'behind', 'duplicate']);
    assert.deepEqual([await store.taken('log', send(3)), await store.taken('log', send(2))], [true, false]);
    await store.commit(session, 1, 6, 'a', []);
    assert.equal((await store.append('log', 'c', send(8))).kind, 'appended');
    assert.equal((await store.append('log', 'c', send(7))).kind, 'behind');
    assert.equal((await store.append('log', 'c', send(2))).kind, 'duplicate');
    assert.equal((await head('log')).offset, 5);
  });

  it('takes the key of another log or session, and no key, as new (P39)', async ({ store, head }) => {
    await store.append('log', 'a', key(1));
    assert.equal((await store.append('other', 'a', key(1))).kind, 'appended');
    assert.equal((await store.append('log', 'a', { ...key(1), session: 'another' })).kind, 'appended');
    assert.equal((await store.append('log', 'a')).kind, 'appended');
    assert.equal((await store.append('log', 'a')).kind, 'appended');
    assert.equal((await head('log')).offset, 4);
  });

  it('tells whether a key was taken, and takes nothing by that (P39)', async ({ store, head }) => {
    assert.equal(await store.taken('log', key(1)), false);
    await store.append('log', 'a', key(1));
    assert.deepEqual([await store.taken('log', key(1)), await store.taken('log', key(2))], [true, false]);
    assert.equal((await head('log')).offset, 1);
  });

  it('has an epoch before its first entry, and keeps it (P41)', async ({ store, peer, head }) => {
    const before = await head('log');
    assert.deepEqual([before.offset, before.first], [0, 1]);
    assert.deepEqual(await peer.heads(['log']), [before]);
    assert.deepEqual(await read(store, 'log', before.epoch, 0), {
      kind: 'entries',
      entries: [],
      head: [before.epoch, 0],
    });
    const { entry } = await store.append('log', 'a');
    assert.deepEqual([entry.epoch, entry.offset], [before.epoch, 1]);
  });

  it('tells heads in the order of the question, those of unknown logs too', async ({ store }) => {
    await store.append('b', 'x');
    await store.append('b', 'y');
    await store.append('c', 'x');
    const heads = await store.heads(['c', 'a', 'b', 'c']);
    assert.deepEqual(
      heads.map(({ offset, first }) => [offset, first]),
      [
        [1, 1],
        [0, 1],
        [2, 1],
        [1, 1],
      ],
    );
    assert.deepEqual(await store.heads([]), []);
  });

  it('is read from behind a position, at most as much as was asked for, with its head', async ({
    store,
    head,
  }) => {
    for (const body of ['a', 'b', 'c', 'd']) await store.append('log', body);
    const { epoch } = await head('log');
    const entry = (offset: number, body: string) => ({ epoch, offset, body });
    assert.deepEqual(await read(store, 'log', epoch, 1, 2), {
      kind: 'entries',
      entries: [entry(2, 'b'), entry(3, 'c')],
      head: [epoch, 4],
    });
    assert.deepEqual(await read(store, 'log', epoch, 3, 100), {
      kind: 'entries',
      entries: [entry(4, 'd')],
      head: [epoch, 4],
    });
  });

  it('has nothing behind its head, and is continuous there', async ({ store, head }) => {
    await store.append('log', 'a');
    const { epoch } = await head('log');
    assert.deepEqual(await read(store, 'log', epoch, 1), { kind: 'entries', entries: [], head: [epoch, 1] });
  });

  it('that dropped its oldest entries tells a gap, exactly up to what it keeps (P28)', async ({
    store,
    fill,
  }) => {
    const { epoch, first, offset } = await fill('log');
    for (const from of [0, first - 2]) {
      assert.deepEqual(await read(store, 'log', epoch, from), {
        kind: 'gap',
        reason: 'trimmed',
        now: [epoch, first - 1],
      });
    }
    const rest = await read(store, 'log', epoch, first - 1, MOST_KEPT);
    assert.equal(rest.kind, 'entries');
    assert.deepEqual(
      rest.entries.map((entry) => entry.offset),
      Array.from({ length: offset - first + 1 }, (_, n) => first + n),
    );
  });

  it('tells a reader of another epoch where it begins now (P28)', async ({ store, fill, head }) => {
    await store.append('log', 'a');
    const { epoch } = await head('log');
    for (const offset of [0, 1, 9]) {
      assert.deepEqual(await read(store, 'log', 'another', offset), {
        kind: 'gap',
        reason: 'epoch',
        now: [epoch, 0],
      });
    }
    const filled = await fill('log');
    assert.deepEqual(await read(store, 'log', 'another', 3), {
      kind: 'gap',
      reason: 'epoch',
      now: [epoch, filled.first - 1],
    });
  });

  it('tells a reader beyond its head that their histories differ (P28)', async ({ store, head }) => {
    await store.append('log', 'a');
    const { epoch } = await head('log');
    assert.deepEqual(await read(store, 'log', epoch, 2), {
      kind: 'gap',
      reason: 'diverged',
      now: [epoch, 1],
    });
    const empty = await head('empty');
    assert.deepEqual(await read(store, 'empty', empty.epoch, 1), {
      kind: 'gap',
      reason: 'diverged',
      now: [empty.epoch, 0],
    });
  });
}

function terms(it: It): void {
  const retentionOf = (channel: string): Partial<Retention> | undefined => {
    if (channel === 'state') return { entries: 1 };
    return channel === 'brief' ? { age: 1_000 } : undefined;
  };

  it('keeps so many entries, whichever node appends, and others what they always keep', async ({
    store,
    peer,
    head,
  }) => {
    for (const one of new Set([store, peer])) one.agree({ retentionOf });
    for (const body of ['a', 'b', 'c'])
      for (const channel of ['state', 'log'])
        await (body === 'b' ? peer : store).append(channel, body, key(body.charCodeAt(0)));
    const { epoch, offset, first } = await head('state');
    assert.deepEqual([offset, first], [3, 3]);
    assert.equal((await head('log')).first, 1);
    assert.deepEqual(await read(store, 'state', epoch, 1), {
      ...{ kind: 'gap', reason: 'trimmed', now: [epoch, 2] },
    });
    assert.deepEqual(await read(store, 'state', epoch, 2), {
      ...{ kind: 'entries', entries: [{ epoch, offset: 3, body: 'c' }], head: [epoch, 3] },
    });
  });

  it('keeps so many entries also where its newest ones were watched', async ({ store, head }) => {
    store.agree({ retentionOf });
    await store.watch('state');
    const { epoch } = await head('state');
    await store.read('state', epoch, 0, 10);
    const heard = listen(store);
    for (const body of ['a', 'b', 'c']) await store.append('state', body);
    await heard(([, entry]) => entry.body === 'c');
    assert.equal((await read(store, 'state', epoch, 0)).kind, 'gap');
  });

  it('drops what is older, and knows who stood at its head for as long as a session lives', async ({
    store,
    advance,
    head,
  }) => {
    store.agree({ retentionOf });
    await store.append('brief', 'a');
    await store.append('brief', 'b');
    await advance(SETTINGS.window);
    await store.sweep();
    const { epoch } = await head('brief');
    assert.deepEqual((await read(store, 'brief', epoch, 2)).kind, 'entries');
    await store.append('brief', 'c');
    assert.deepEqual(await read(store, 'brief', epoch, 0), {
      ...{ kind: 'gap', reason: 'trimmed', now: [epoch, 2] },
    });
    assert.equal((await store.append('log', 'a')).entry.offset, 1);
  });

  it('has members as any other', async ({ store, open }) => {
    store.agree({ retentionOf });
    const session = await open();
    await store.enter(session, 'brief', { id: session }, MOST);
    assert.deepEqual(await store.members('brief'), [{ id: session }]);
    await store.leave(session, 'brief');
    assert.deepEqual(await store.members('brief'), []);
  });
}

function endings(it: It): void {
  const agreed = ({ store, peer }: Tools): void => {
    for (const one of new Set([store, peer])) one.agree({ tellsEnds: true });
  };
  const sweep = async ({ store, peer }: Tools): Promise<readonly EndedSession[]> =>
    (await Promise.all([store.sweep(), peer.sweep()])).flat();

  it('of a session whose window passed is told once, however many sweep, with whose it was', async (tools) => {
    agreed(tools);
    const { store, open, advance } = tools;
    const identity = { subject: 'ann', claims: { role: 'host' } };
    const session = await open(identity);
    await store.attach(session);
    await store.attach(session);
    assert.deepEqual(await sweep(tools), []);
    await advance(SETTINGS.window - 1);
    assert.deepEqual(await sweep(tools), []);
    await advance(2);
    assert.deepEqual(await sweep(tools), [{ session, identity, generation: 2 }]);
    for (let times = 0; times < 3; times++) {
      await advance(SETTINGS.window);
      assert.deepEqual(await sweep(tools), []);
    }
    assert.deepEqual(await store.close(session), { kind: 'unknown' });
  });

  it('is not told of a session that is in contact, until it is not', async (tools) => {
    agreed(tools);
    const { peer, store, open, advance } = tools;
    const session = await open();
    await store.attach(session);
    for (let times = 0; times < 3; times++) {
      await advance(SETTINGS.window - 1);
      assert.equal((await peer.touch(session)).kind, 'current');
      assert.deepEqual(await sweep(tools), []);
    }
    await advance(SETTINGS.window + 1);
    assert.deepEqual(await sweep(tools), [{ session, identity: {}, generation: 1 }]);
  });

  it('of a session that was closed is told to one of those who close it, and to no sweep', async (tools) => {
    agreed(tools);
    const { store, peer, open, advance } = tools;
    const session = await open({ subject: 'ann' });
    await store.attach(session);
    const answers = await Promise.all([store.close(session), peer.close(session)]);
    const told = answers.filter(({ kind }) => kind === 'ended');
    assert.deepEqual(told, [
      { kind: 'ended', ended: { session, identity: { subject: 'ann' }, generation: 1 } },
    ]);
    assert.deepEqual(await store.close(session), { kind: 'unknown' });
    assert.deepEqual(await store.close('nobodynobodynobody1234'), { kind: 'unknown' });
    await advance(SETTINGS.window + 1);
    assert.deepEqual(await sweep(tools), []);
  });

  it('is told of each of many', async (tools) => {
    agreed(tools);
    const { store, open, advance } = tools;
    const ids = await Promise.all(Array.from({ length: 250 }, () => open()));
    await Promise.all(ids.map((id) => store.attach(id)));
    await advance(SETTINGS.window + 1);
    const told = (await sweep(tools)).map(({ session }) => session);
    assert.deepEqual([...told].sort(), [...ids].sort());
  });
}

function hints(it: It): void {
  it('tells the entries that another node appends to a watched log', async ({ store, peer }) => {
    const seen = listen(store);
    await store.watch('log');
    const { entry } = await peer.append('log', 'a');
    const [log, hinted] = await seen(([, { offset }]) => offset === 1);
    assert.deepEqual(
      [log, hinted.epoch, hinted.offset, hinted.body],
      ['log', entry.epoch, entry.offset, 'a'],
    );
  });

  it('tells all that is appended in one turn, each at its offset, in the order of the calls', async ({
    store,
    peer,
    bodies,
    head,
  }) => {
    const seen: Entry[] = [];
    let wake = (): void => {};
    store.onHint((_, entry) => {
      seen.push(entry);
      wake();
    });
    await store.watch('log');
    const { epoch } = await head('log');
    const calls = ['a', 'b', 'c', 'd', 'e'];
    const answers = await Promise.all(
      calls.map((body, n) => (n === 2 ? peer.append('log', body, key(1)) : peer.append('log', body))),
    );
    const wanted = calls.map((body, n) => [epoch, n + 1, body]);
    const told = ({ epoch: of, offset, body }: Entry) => [of, offset, body];
    assert.deepEqual(
      answers.map((answer) => 'entry' in answer && told(answer.entry)),
      wanted,
    );
    while (seen.length < calls.length) await new Promise<void>((resolve) => (wake = resolve));
    assert.deepEqual(seen.map(told), wanted);
    assert.deepEqual(await bodies('log', epoch, 0), calls);
  });

  it('tells the outcomes that a commit puts into a watched inbox', async ({ store, open, commit }) => {
    const seen = listen(store);
    const session = await open();
    await store.watch(`@${session}`);
    await commit(session, 'outcome');
    const [log, { body }] = await seen(() => true);
    assert.deepEqual([log, body], [`@${session}`, 'outcome']);
  });

  it('comes again after the log was unwatched and watched anew', async ({ store, peer }) => {
    const seen = listen(store);
    await store.watch('log');
    store.unwatch('log');
    await store.watch('log');
    await peer.append('log', 'a');
    assert.equal((await seen(() => true))[0], 'log');
  });
}

function sends(it: It): void {
  it('runs when it is the next one, for the first time (P30)', async ({ store, open }) => {
    const session = await open();
    assert.deepEqual(await store.begin(session, 1, 'a', LEASE), { kind: 'run', redelivered: false });
  });

  it('is a duplicate at or below the last committed one, and tells where the inbox is (P31)', async ({
    store,
    open,
    commit,
    head,
  }) => {
    const session = await open();
    await commit(session, 'x', 'y');
    const { epoch } = await head(`@${session}`);
    for (const number of [1, 2]) {
      assert.deepEqual(await store.begin(session, number, 'b', LEASE), {
        kind: 'duplicate',
        acked: 2,
        inbox: [epoch, 2],
      });
    }
  });

  it('above the next one is told which is expected (P32)', async ({ store, open, commit }) => {
    const session = await open();
    assert.deepEqual(await store.begin(session, 2, 'a', LEASE), { kind: 'expect', number: 1 });
    await commit(session, 'x');
    assert.deepEqual(await store.begin(session, 3, 'a', LEASE), { kind: 'expect', number: 2 });
    const touched = await store.touch(session);
    assert.equal(touched.kind === 'current' && touched.state.acked, 1);
  });

  it('is claimed by one of those who ask at once; the others are told to wait (P30)', async ({
    store,
    peer,
    open,
  }) => {
    const session = await open();
    const both = await Promise.all([store.begin(session, 1, 'a', LEASE), peer.begin(session, 1, 'b', LEASE)]);
    assert.deepEqual(both.map(({ kind }) => kind).sort(), ['busy', 'run']);
  });

  it('may be begun again by the one who holds the claim', async ({ store, open }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    assert.equal((await store.begin(session, 1, 'a', LEASE)).kind, 'run');
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'busy' });
  });

  it('is taken over when the claim has run out, marked as redelivered', async ({ store, open, advance }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await advance(LEASE - 1);
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'busy' });
    await advance(2);
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'run', redelivered: true });
  });

  it('stays marked as redelivered for a third one, until it is committed', async ({
    store,
    open,
    advance,
  }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await advance(LEASE + 1);
    await store.begin(session, 1, 'b', LEASE);
    await advance(LEASE + 1);
    assert.deepEqual(await store.begin(session, 1, 'c', LEASE), { kind: 'run', redelivered: true });
    await store.commit(session, 1, 1, 'c', []);
    assert.deepEqual(await store.begin(session, 2, 'd', LEASE), { kind: 'run', redelivered: false });
  });

  it('is committed in one step with its outcomes in the inbox (P34)', async ({
    store,
    open,
    bodies,
    head,
  }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    assert.deepEqual(await store.commit(session, 1, 3, 'a', ['x,1', 'y,3']), {
      kind: 'committed',
      acked: 3,
      inbox: [(await head(`@${session}`)).epoch, 2],
    });
    const touched = await store.touch(session);
    assert.equal(touched.kind, 'current');
    const { acked, inbox } = touched.state;
    assert.deepEqual([acked, inbox[1]], [3, 2]);
    assert.deepEqual(await bodies(`@${session}`, inbox[0], 0), ['x,1', 'y,3']);
    assert.deepEqual(await store.begin(session, 3, 'b', LEASE), { kind: 'duplicate', acked: 3, inbox });
  });

  it('that was taken over cannot be committed: nothing changes', async ({ store, open, advance, head }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await advance(LEASE + 1);
    await store.begin(session, 1, 'b', LEASE);
    assert.deepEqual(await store.commit(session, 1, 1, 'a', ['late']), { kind: 'stale' });
    assert.equal((await head(`@${session}`)).offset, 0);
    assert.equal((await store.commit(session, 1, 1, 'b', ['own'])).kind, 'committed');
    assert.deepEqual(await store.commit(session, 1, 1, 'a', ['late']), { kind: 'stale' });
    assert.equal((await head(`@${session}`)).offset, 1);
  });

  it('that nobody began cannot be committed', async ({ store, open }) => {
    const session = await open();
    assert.deepEqual(await store.commit(session, 1, 1, 'a', ['x']), { kind: 'stale' });
  });

  it('gives the claim back with its commit', async ({ store, open }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await store.commit(session, 1, 1, 'a', []);
    assert.deepEqual(await store.begin(session, 2, 'b', LEASE), { kind: 'run', redelivered: false });
  });

  it('gives the claim back without a commit: nobody performed it', async ({ store, open }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await store.release(session, 'another');
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'busy' });
    await store.release(session, 'a');
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'run', redelivered: false });
  });

  it('is committed from where it was begun only: a claim for another send is none', async ({
    store,
    open,
  }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    assert.deepEqual(await store.commit(session, 2, 2, 'a', ['x']), { kind: 'stale' });
    assert.equal((await store.commit(session, 1, 1, 'a', [])).kind, 'committed');
  });

  it('keeps its claim for as long as its holder renews it, and nobody else', async ({
    store,
    open,
    advance,
  }) => {
    const session = await open();
    await store.renew(session, 'a', LEASE);
    assert.equal((await store.begin(session, 1, 'a', LEASE)).kind, 'run', 'there was nothing to renew');
    for (let beat = 0; beat < 3; beat++) {
      await store.renew(session, 'a', LEASE);
      await advance(LEASE - 1);
      await store.renew(session, 'b', LEASE);
      assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'busy' });
    }
    await advance(2);
    assert.deepEqual(await store.begin(session, 1, 'b', LEASE), { kind: 'run', redelivered: true });
    await store.renew(session, 'a', LEASE);
    assert.equal((await store.commit(session, 1, 1, 'b', [])).kind, 'committed');
  });

  it('that was skipped is not expected any more (P40)', async ({ store, open, commit, head }) => {
    const session = await open();
    await commit(session, 'x');
    const inbox = [(await head(`@${session}`)).epoch, 1];
    assert.deepEqual(
      await store.skip(session, 3, 5),
      { kind: 'expect', number: 2 },
      'what is before it may be lost',
    );
    assert.deepEqual(await store.skip(session, 2, 5), { kind: 'committed', acked: 5, inbox });
    assert.deepEqual(await store.begin(session, 5, 'a', LEASE), { kind: 'duplicate', acked: 5, inbox });
    assert.equal((await store.begin(session, 6, 'a', LEASE)).kind, 'run');
  });

  it('never becomes uncommitted, neither by a late skip nor by a late commit (P31)', async ({
    store,
    open,
  }) => {
    const session = await open();
    await store.begin(session, 1, 'a', LEASE);
    await store.skip(session, 1, 5);
    await store.commit(session, 1, 1, 'a', []);
    const skipped = await store.skip(session, 1, 2);
    assert.equal(skipped.kind === 'committed' && skipped.acked, 5);
  });
}

function inboxes(it: It): void {
  it('is a log of its own, named by the session', async ({ store, open, bodies }) => {
    const [one, two] = [await open(), await open()];
    const posted = await store.post(one, 'a');
    assert.equal(posted.kind, 'posted');
    const epoch = posted.kind === 'posted' ? posted.entry.epoch : '';
    const touched = await store.touch(one);
    assert.deepEqual(touched.kind === 'current' && touched.state.inbox, [epoch, 1]);
    assert.deepEqual(await bodies(`@${one}`, epoch, 0), ['a']);
    const other = await store.touch(two);
    assert.equal(other.kind === 'current' && other.state.inbox[1], 0);
  });

  it('of a session that is not known, or no longer, takes nothing and says so', async ({
    store,
    open,
    advance,
  }) => {
    assert.deepEqual(await store.post('nobody', 'a'), { kind: 'unknown' });
    const session = await open();
    await advance(SETTINGS.window + 1);
    assert.deepEqual(await store.post(session, 'a'), { kind: 'unknown' });
  });

  it('begins in the epoch that the session was told when it was opened', async ({ store, commit }) => {
    const opened = await store.openSession(newNonce(), {});
    assert.equal(opened.kind, 'opened');
    const { session, inbox } = opened.state;
    const [head] = await store.heads([`@${session}`]);
    assert.deepEqual([head?.epoch, head?.offset, head?.first], [inbox[0], 0, 1]);
    await commit(session, 'x');
    const answer = await read(store, `@${session}`, inbox[0], 0);
    assert.deepEqual(answer.kind === 'entries' && answer.entries.map(({ body }) => body), ['x']);
  });

  it('tells with its head how its session is: the generation, and the time since its last contact (P13, P53)', async ({
    store,
    peer,
    open,
    advance,
  }) => {
    const session = await open();
    await store.attach(session);
    await advance(3_000);
    const look = async () => (await peer.heads([`@${session}`, 'log'])).map((head) => head.session);
    assert.deepEqual(await look(), [{ generation: 1, silence: 3_000 }, undefined]);
    await store.post(session, 'a');
    assert.deepEqual(await look(), [{ generation: 1, silence: 3_000 }, undefined]);
    await store.attach(session);
    assert.deepEqual(await look(), [{ generation: 2, silence: 0 }, undefined]);
  });

  it('forgets what was handed on, and is continuous for who was there', async ({ store, open, commit }) => {
    const session = await open();
    await commit(session, 'x', 'y', 'z');
    const log = `@${session}`;
    const [before] = await store.heads([log]);
    assert.ok(before !== undefined);
    await store.trimInbox(session, 2);
    const rest = await read(store, log, before.epoch, 2);
    assert.deepEqual(rest.kind === 'entries' && rest.entries.map(({ offset }) => offset), [3]);
    await store.trimInbox(session, 3);
    assert.deepEqual(await read(store, log, before.epoch, 3), {
      kind: 'entries',
      entries: [],
      head: [before.epoch, 3],
    });
    await store.trimInbox(session, 1);
    await commit(session, 'w');
    const more = await read(store, log, before.epoch, 3);
    assert.deepEqual(more.kind === 'entries' && more.entries.map(({ offset }) => offset), [4]);
  });

  it('that overflowed says so, in its own word (P28)', async ({ store, open, fill }) => {
    const session = await open();
    const { epoch, first } = await fill(`@${session}`);
    assert.deepEqual(await read(store, `@${session}`, epoch, 0), {
      kind: 'gap',
      reason: 'inbox_overflow',
      now: [epoch, first - 1],
    });
  });
}

function members(it: It): void {
  it('is listed once, from entering to leaving, and told so (P45, P46)', async ({
    store,
    peer,
    open,
    told,
  }) => {
    const [ann, bob] = [await open(), await open()];
    assert.deepEqual(await store.members('room'), []);
    assert.deepEqual(await store.enter(ann, 'room', { id: ann, subject: 'ann', data: { n: [1] } }, MOST), {
      kind: 'joined',
    });
    assert.deepEqual(await store.enter(bob, 'room', { id: bob }, MOST), { kind: 'joined' });
    assert.deepEqual(
      sorted(await peer.members('room')),
      sorted([{ id: ann, subject: 'ann', data: { n: [1] } }, { id: bob }]),
    );
    await peer.leave(ann, 'room');
    await store.leave(ann, 'room');
    assert.deepEqual(await store.members('room'), [{ id: bob }]);
    assert.deepEqual(await told('room'), [`joined ${ann}`, `joined ${bob}`, `left ${ann}`]);
  });

  it('is told by an entry that has all of it, at the level of a session (P45)', async ({
    store,
    open,
    head,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session, subject: 'ann', data: 1 }, MOST);
    const { epoch } = await head('room');
    const [entry] = await entries(store, 'room', epoch);
    assert.deepEqual(decodeBody(entry?.body ?? '').envelope, {
      delta: 'member_joined',
      dimension: 3,
      omega: 1,
      lambda: 'continue',
      payload: { id: session, subject: 'ann', data: 1 },
    });
  });

  it('that enters again renews its data and does not join twice (P46)', async ({ store, open, told }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session, data: 1 }, MOST);
    assert.deepEqual(await store.enter(session, 'room', { id: session, data: 2 }, MOST), { kind: 'renewed' });
    assert.deepEqual(await store.members('room'), [{ id: session, data: 2 }]);
    assert.deepEqual(await told('room'), [`joined ${session}`]);
  });

  it('is in each of its channels for itself', async ({ store, open }) => {
    const session = await open();
    await store.enter(session, 'one', { id: session }, MOST);
    await store.enter(session, 'two', { id: session }, MOST);
    await store.leave(session, 'one');
    assert.deepEqual([await store.members('one'), await store.members('two')], [[], [{ id: session }]]);
  });

  it('of an unknown session does not join, and does not leave', async ({ store, told }) => {
    assert.deepEqual(await store.enter('nobody', 'room', { id: 'nobody' }, MOST), { kind: 'unknown' });
    await store.leave('nobody', 'room');
    assert.deepEqual(await told('room'), []);
    assert.deepEqual(await store.members('room'), []);
  });

  it('is in so many lists at most, each counted until it leaves (P45)', async ({ store, open, advance }) => {
    const session = await open();
    const enter = async (channel: string): Promise<string> =>
      (await store.enter(session, channel, { id: session }, 2)).kind;
    assert.deepEqual(
      [await enter('one'), await enter('two'), await enter('three')],
      ['joined', 'joined', 'full'],
    );
    assert.deepEqual([await enter('one'), await store.members('three')], ['renewed', []]);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    assert.equal(await enter('three'), 'full');
    await store.leave(session, 'one');
    assert.equal(await enter('three'), 'joined');
  });

  it('is on exactly one page of its list, though others come and go meanwhile (P48)', async ({
    store,
    peer,
    open,
  }) => {
    const ids: string[] = [];
    for (let count = 0; count < 12; count++) ids.push(await open());
    for (const id of ids.slice(0, 10)) await store.enter(id, 'room', { id, data: 'x'.repeat(100) }, MOST);
    const staying = new Set(ids.slice(0, 10));
    const found: string[] = [];
    let pages = 0;
    for (let more: number | undefined = 0; more !== undefined; pages++) {
      const page = await peer.membersPage('room', more, 400);
      assert.ok(page.members.length >= 1 && JSON.stringify(page.members).length <= 402);
      found.push(...page.members.map(({ id }) => id));
      more = page.more;
      if (pages > 1) continue;
      // The last one of a page leaves, others come, and data is renewed.
      const [gone = '', renewed = '', come = ''] = [found.at(-1), ids[9], ids[10 + pages]];
      await store.leave(gone, 'room');
      staying.delete(gone);
      await store.enter(renewed, 'room', { id: renewed, data: 'y'.repeat(100) }, MOST);
      await store.enter(come, 'room', { id: come }, MOST);
    }
    assert.ok(pages > 3);
    for (const id of staying) assert.equal(found.filter((one) => one === id).length, 1);
    assert.deepEqual(found.slice(-2), ids.slice(10));
  });

  it('is on a page of its own when it is too large for one', async ({ store, open }) => {
    const [one, other] = [await open(), await open()];
    await store.enter(one, 'room', { id: one, data: 'x'.repeat(500) }, MOST);
    await store.enter(other, 'room', { id: other, data: 'x'.repeat(500) }, MOST);
    const first = await store.membersPage('room', 0, 10);
    const second = await store.membersPage('room', first.more ?? -1, 10);
    assert.deepEqual([first.members[0]?.id, second.members[0]?.id, second.more], [one, other, undefined]);
    assert.deepEqual(await store.membersPage('nowhere', 0, 10), { members: [] });
  });

  it('leaves with its session, told once for each channel (P46, P72)', async ({
    store,
    peer,
    open,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'one', { id: session }, MOST);
    await store.enter(session, 'two', { id: session }, MOST);
    await Promise.all([store.close(session), peer.close(session)]);
    await store.close(session);
    await store.sweep();
    assert.deepEqual(await store.members('one'), []);
    for (const channel of ['one', 'two'])
      assert.deepEqual(await told(channel), [`joined ${session}`, `left ${session}`]);
  });

  it('stays while its session is in contact (P46)', async ({ store, open, advance, told }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    for (let beat = 0; beat < 5; beat++) {
      await advance(SETTINGS.presenceWindow - 1);
      await store.touch(session);
      await store.sweep();
    }
    assert.deepEqual(await store.members('room'), [{ id: session }]);
    assert.deepEqual(await told('room'), [`joined ${session}`]);
  });

  it('that lapsed is entered again by the next attach, and told once (P46)', async ({
    store,
    open,
    advance,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session, data: 'x' }, MOST);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    assert.deepEqual(await store.members('room'), []);
    await store.attach(session);
    assert.deepEqual(await store.members('room'), [{ id: session, data: 'x' }]);
    await store.attach(session);
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`, `joined ${session}`]);
  });

  it('that lapsed is entered again by the next contact as well: its connection was only quiet (P46)', async ({
    store,
    open,
    advance,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    await store.attach(session);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    await store.touch(session, 1);
    assert.deepEqual(await store.members('room'), [{ id: session }]);
    await store.touch(session);
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`, `joined ${session}`]);
  });

  it('of a peer that has gone lapses at once, told once, and is entered again by the next attach (P46, P47)', async ({
    store,
    peer,
    open,
    advance,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session, data: 'x' }, MOST);
    await store.attach(session);
    await Promise.all([store.lapse(session, 1), peer.lapse(session, 1)]);
    assert.deepEqual(await store.members('room'), []);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    await store.attach(session);
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`, `joined ${session}`]);
  });

  it('stays when another connection has the session by then (P46, P47)', async ({ store, open }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    await store.attach(session);
    await store.attach(session);
    await store.lapse(session, 1);
    await store.lapse('nobody', 1);
    assert.deepEqual(await store.members('room'), [{ id: session }]);
  });

  it('lapses without being contact: the window of its session runs on (P47)', async ({
    store,
    open,
    advance,
  }) => {
    const session = await open();
    await store.attach(session);
    await advance(SETTINGS.window - 1);
    await store.lapse(session, 1);
    await advance(2);
    assert.deepEqual(await store.touch(session), { kind: 'unknown' });
  });

  it('that lapsed has left already (P46)', async ({ store, open, advance, told }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    await store.leave(session, 'room');
    await store.attach(session);
    assert.deepEqual(await store.members('room'), []);
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`]);
  });
}

function sweeps(it: It): void {
  it('tells a lapsed lease once, however many sweep at once (P46)', async ({
    store,
    peer,
    open,
    advance,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session, data: 1 }, MOST);
    await advance(SETTINGS.presenceWindow + 1);
    await Promise.all([store.sweep(), peer.sweep()]);
    await store.sweep();
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`]);
    assert.equal((await store.touch(session)).kind, 'current');
  });

  it('ends a session once, its leases with it (P46)', async ({ store, peer, open, advance, told }) => {
    const [gone, alive] = [await open(), await open()];
    await store.enter(gone, 'room', { id: gone }, MOST);
    await store.enter(alive, 'room', { id: alive }, MOST);
    await advance(SETTINGS.window - SETTINGS.presenceWindow);
    await store.touch(alive);
    await advance(SETTINGS.presenceWindow - 1);
    await store.touch(alive);
    await advance(2);
    await Promise.all([store.sweep(), peer.sweep()]);
    await store.sweep();
    assert.deepEqual(await store.members('room'), [{ id: alive }]);
    assert.deepEqual(await told('room'), [`joined ${gone}`, `joined ${alive}`, `left ${gone}`]);
  });

  it('does not tell a lease again that lapsed before its session ended (P46)', async ({
    store,
    open,
    advance,
    told,
  }) => {
    const session = await open();
    await store.enter(session, 'room', { id: session }, MOST);
    await advance(SETTINGS.presenceWindow + 1);
    await store.sweep();
    await advance(SETTINGS.window);
    await store.sweep();
    assert.deepEqual(await told('room'), [`joined ${session}`, `left ${session}`]);
  });

  it('ends nothing that is not over', async ({ store, open, advance }) => {
    const session = await open();
    await advance(1_000);
    await store.sweep();
    assert.equal((await store.touch(session)).kind, 'current');
  });
}

// ── tools ───────────────────────────────────────────────────────────────────

function toolsFor({ store, peer = store, advance }: ConformanceSubject): Tools {
  const head = async (log: string): Promise<Head> => {
    const [found] = await store.heads([log]);
    assert.ok(found !== undefined, `heads gave nothing for ${log}`);
    return found;
  };
  return {
    store,
    peer,
    advance,
    head,
    async open(identity = {}) {
      const opened = await store.openSession(newNonce(), identity);
      assert.equal(opened.kind, 'opened');
      return opened.state.session;
    },
    async bodies(log, epoch, offset) {
      const answer = await read(store, log, epoch, offset);
      assert.equal(answer.kind, 'entries');
      return answer.entries.map(({ body }) => body);
    },
    async fill(log) {
      for (let count = 0; count < MOST_KEPT; count++) {
        const entry = `entry ${count}`;
        await (log.startsWith('@') ? store.post(log.slice(1), entry) : store.append(log, entry));
        // Two at least, so that there is a position between the first one and what is kept.
        const found = await head(log);
        if (found.first > 3) return found;
      }
      throw new assert.AssertionError({ message: `${log} keeps more than ${MOST_KEPT} entries` });
    },
    async told(channel) {
      const { epoch } = await head(channel);
      return (await entries(store, channel, epoch)).map(({ body }) => {
        const { delta, payload } = decodeBody(body).envelope;
        return `${delta.replace('member_', '')} ${(payload as Member).id}`;
      });
    },
    async commit(session, ...outcomes) {
      for (const outcome of outcomes) {
        const touched = await store.touch(session);
        assert.equal(touched.kind, 'current');
        const next = touched.state.acked + 1;
        assert.equal((await store.begin(session, next, 'tools', LEASE)).kind, 'run');
        assert.equal((await store.commit(session, next, next, 'tools', [outcome])).kind, 'committed');
      }
    },
  };
}

function reports(it: It): void {
  it('is given to all other nodes, the last of each', async ({ store, peer }) => {
    assert.deepEqual(await store.report('a', () => 'first of a', LEASE), []);
    assert.deepEqual(await peer.report('b', () => 'first of b', LEASE), ['first of a']);
    assert.deepEqual(await store.report('a', () => '{"second":"of a", "with": 1.5}\n', LEASE), [
      'first of b',
    ]);
    const all = [...(await peer.report('c', () => '', LEASE))].sort();
    assert.deepEqual(all, ['first of b', '{"second":"of a", "with": 1.5}\n']);
  });

  it('holds for its lease, and no longer', async ({ store, peer, advance }) => {
    await store.report('a', () => 'of a', LEASE);
    await advance(LEASE / 2);
    assert.deepEqual(await peer.report('b', () => 'of b', LEASE), ['of a']);
    await advance(LEASE / 2);
    assert.deepEqual(await peer.report('b', () => 'of b', LEASE), []);
    assert.deepEqual(await store.report('a', () => 'of a', LEASE), ['of b']);
  });
}

/** All entries of a log that was never trimmed. */
async function entries(store: Store, log: string, epoch: string): Promise<readonly Entry[]> {
  const answer = await read(store, log, epoch, 0);
  assert.equal(answer.kind, 'entries');
  return answer.entries;
}

/** 22 characters, as the protocol asks for. */
function newNonce(): string {
  return randomBytes(16).toString('base64url');
}

/** A read without whatever a store keeps beside an entry. */
async function read(store: Store, log: string, epoch: string, offset: number, max = 100): Promise<LogRead> {
  const answer = await store.read(log, epoch, offset, max);
  if (answer.kind !== 'entries') return answer;
  const entries = answer.entries.map((entry) => ({
    epoch: entry.epoch,
    offset: entry.offset,
    body: entry.body,
  }));
  return { ...answer, entries };
}

type Hint = Parameters<Parameters<Store['onHint']>[0]>;

/** The answer waits for a hint: hints may be late, doubled and out of order. */
function listen(store: Store): (wanted: (hint: Hint) => boolean) => Promise<Hint> {
  const seen: Hint[] = [];
  let wake = (): void => {};
  store.onHint((...hint) => {
    seen.push(hint);
    wake();
  });
  return async (wanted) => {
    for (;;) {
      const found = seen.find(wanted);
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}

async function assertUnknown(store: Store, session: string): Promise<void> {
  assert.deepEqual(await store.touch(session), { kind: 'unknown' });
  assert.deepEqual(await store.touch(session, 1), { kind: 'unknown' });
  assert.deepEqual(await store.attach(session), { kind: 'unknown' });
  assert.deepEqual(await store.begin(session, 1, 'a', LEASE), { kind: 'unknown' });
  assert.deepEqual(await store.commit(session, 1, 1, 'a', ['x']), { kind: 'unknown' });
  assert.deepEqual(await store.skip(session, 1, 1), { kind: 'unknown' });
  assert.deepEqual(await store.enter(session, 'room', { id: session }, MOST), { kind: 'unknown' });
  await store.identify(session, { subject: 'x' });
  await store.trimInbox(session, 1);
}

function sorted(list: readonly Member[]): Member[] {
  return [...list].sort((a, b) => (a.id < b.id ? -1 : 1));
}
