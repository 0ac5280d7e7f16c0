/**
 * Judges a run by what the applications saw and did. It knows the promises, and
 * nothing of how they are kept: no code of the product is in it.
 */
import type { Appended, PageHistory, Seen, Sent, Truth } from './history.js';

export interface Violation {
  /** The promise, as G1 … G9; see ARCHITECTURE.md. */
  readonly promise: string;
  /** Who it was broken to. */
  readonly actor: string;
  readonly at: number;
  readonly text: string;
}

type At = readonly [epoch: string, offset: number];

/** How each page stands when all is calm again. */
export interface Final {
  readonly page: string;
  readonly state: string;
  readonly transport: string | undefined;
  /** The server that it is at, and the one that it should be at. */
  readonly server: string | undefined;
  readonly primary: string | undefined;
  /** The best transport that its network lets through. */
  readonly best: string;
  readonly session: string | undefined;
  readonly unsettled: number;
  /** By channel that it is subscribed to: where it stands, whom it sees, and whether it is a member itself. */
  readonly channels: readonly {
    channel: string;
    position: At | undefined;
    members: readonly string[];
    enters: boolean;
  }[];
}

/** What the store says at the end. */
export interface Stand {
  readonly heads: ReadonlyMap<string, At>;
  readonly members: ReadonlyMap<string, readonly string[]>;
}

export interface Evidence {
  readonly truth: Truth;
  readonly pages: readonly PageHistory[];
  readonly finals: readonly Final[];
  readonly stand: Stand;
  /** Entries that a log keeps. */
  readonly retention: number;
  /** Nothing but single transports was hindered: then no application may see a disconnect (G6). */
  readonly isMild: boolean;
}

export function judge(evidence: Evidence): Violation[] {
  const violations: Violation[] = [];
  const claim = (promise: string, actor: string, at: number, text: string): void =>
    void violations.push({ promise, actor, at, text });
  for (const page of evidence.pages) {
    for (const channel of channelsOf(page)) judgeReading(evidence, page, channel, claim);
    judgeSends(evidence, page, claim);
    if (evidence.isMild) judgeCalm(page, claim);
  }
  judgeHandlers(evidence, claim);
  judgeMembers(evidence, claim);
  for (const final of evidence.finals) judgeFinal(evidence, final, claim);
  judgeStand(evidence, claim);
  return violations;
}

/** Ms that an answer of the store may take: a claim is older than the run that it allows. */
const VERB = 3_000;

type Claim = (promise: string, actor: string, at: number, text: string) => void;

const channelsOf = ({ seen }: PageHistory): Set<string> =>
  new Set(seen.flatMap((one) => ('channel' in one ? [one.channel] : [])));
const show = (position: At | undefined): string => position?.join(':') ?? 'nowhere';
const same = (one: At, other: At): boolean => one[0] === other[0] && one[1] === other[1];

// ── G1, G2: what one page read of one channel ───────────────────────────────

function judgeReading(
  { truth, retention }: Evidence,
  page: PageHistory,
  channel: string,
  claim: Claim,
): void {
  const entries = truth.appended.get(channel) ?? [];
  const index = new Map(entries.map((entry) => [show(entry.position), entry]));
  /** After this one everything must come; undefined until the first is known. */
  let cursor: At | undefined;
  /** When each of its subscriptions was asked for. */
  const asked = new Map<number, number>();
  let isOpen = false;
  /** Subscriptions up to this one were given up. */
  let left = 0;
  let calls = 0;
  const delivered = new Set<string>();

  for (const one of page.seen) {
    if (!('channel' in one) || one.channel !== channel) continue;
    switch (one.what) {
      case 'subscribes':
        // A second subscription goes on where the first one stands.
        if (!isOpen) {
          cursor = undefined;
          // Whoever comes back may ask for the last ones again.
          delivered.clear();
        }
        isOpen = true;
        asked.set(one.call, one.at);
        calls = one.call;
        break;
      case 'unsubscribes':
        left = calls;
        isOpen = false;
        cursor = undefined;
        break;
      case 'subscribed':
        if (isOpen && one.call > left) cursor ??= one.position;
        if (isDenied(truth, page.page, channel, asked.get(one.call) ?? 0, one.at))
          claim('P44', page.page, one.at, `${channel}: it was let in, though it may not.`);
        break;
      case 'entry': {
        if (!isOpen)
          claim('G1', page.page, one.at, `${channel}: ${show(one.position)} came after unsubscribing.`);
        const known = index.get(show(one.position));
        if (known?.id !== one.id) {
          claim(
            'G1',
            page.page,
            one.at,
            `${channel}: ${show(one.position)} is ${known?.id ?? 'nothing'}, not ${one.id}.`,
          );
        }
        if (delivered.has(show(one.position)))
          claim('G1', page.page, one.at, `${channel}: ${show(one.position)} came twice.`);
        delivered.add(show(one.position));
        const missing = cursor && missed(entries, cursor, one.position, known?.at ?? one.at);
        if (missing !== undefined) {
          claim(
            'G2',
            page.page,
            one.at,
            `${channel}: from ${show(cursor)} to ${show(one.position)} without a gap: ${missing}.`,
          );
        }
        cursor = one.position;
        break;
      }
      case 'gap': {
        if (!isOpen) claim('G2', page.page, one.at, `${channel}: a gap came after unsubscribing.`);
        if (
          cursor &&
          !same(cursor, one.was) &&
          missed(entries, cursor, [one.was[0], one.was[1] + 1], index.get(show(one.was))?.at ?? 0) !==
            undefined
        ) {
          claim(
            'G2',
            page.page,
            one.at,
            `${channel}: a gap from ${show(one.was)}, but the last one read was ${show(cursor)}.`,
          );
        }
        const wrong = wrongGap(truth, entries, one, page.page, retention);
        if (wrong)
          claim(
            'G2',
            page.page,
            one.at,
            `${channel}: a gap (${one.reason}) from ${show(one.was)} to ${show(one.now)}, but ${wrong}.`,
          );
        cursor = one.now;
        if (one.reason === 'denied') isOpen = false;
        break;
      }
      case 'refused':
        // Nothing was promised.
        break;
    }
  }
}

/** Whether the page had no permission for the channel in all of this time. */
const isDenied = ({ denials }: Truth, page: string, channel: string, from: number, until: number): boolean =>
  denials.some(
    (denial) =>
      page.startsWith(denial.page) &&
      denial.channel === channel &&
      denial.from <= from &&
      until < denial.until,
  );

/**
 * Why `next`, which was appended at `since`, cannot follow `cursor`; undefined when it can. Comings and goings are
 * entries that handlers do not see.
 */
function missed(
  entries: readonly Appended[],
  [epoch, offset]: At,
  [nextEpoch, nextOffset]: At,
  since: number,
): string | undefined {
  if (nextOffset <= offset) return 'it goes backwards';
  /** What was there at that moment: a place can have been taken several times, by what was forgotten before or since. */
  const between = (place: number): Appended | undefined => {
    const found = entries.filter(
      ({ position }) => position[1] === place && isBetween(position[0], epoch, nextEpoch),
    );
    return found.find(({ at, lostAt = Infinity }) => at <= since && since < lostAt) ?? found[0];
  };
  for (let at = offset + 1; at < nextOffset; at++) {
    const entry = between(at);
    if (!entry?.member) return `${entry?.id ?? 'an entry'} at ${at} is missing`;
  }
  if (nextEpoch === epoch) return undefined;
  // The log went on under another epoch: continuous only for whoever had nothing that was forgotten.
  if (rootOf(epoch) !== rootOf(nextEpoch)) return 'the log began anew';
  const last = entries.find(({ position }) => same(position, [epoch, offset]));
  return (last?.lostAt ?? Infinity) < since
    ? `${last?.id ?? 'an entry'} before it was forgotten by the store`
    : undefined;
}

/** An epoch that follows another by fail-over is called after it. */
const rootOf = (epoch: string): string => epoch.replace(/zzz\d+$/, '');
const eraOf = (epoch: string): number => Number(/zzz(\d+)$/.exec(epoch)?.[1] ?? 0);
const isBetween = (epoch: string, from: string, to: string): boolean =>
  rootOf(epoch) === rootOf(from) && eraOf(epoch) >= eraOf(from) && eraOf(epoch) <= eraOf(to);

/** Bytes of an answer around the text of its one entry, at most. */
const FRAME = 100;

/** What speaks against a gap; undefined when it had to be. */
function wrongGap(
  truth: Truth,
  entries: readonly Appended[],
  { at, reason, was, now }: Extract<Seen, { what: 'gap' }>,
  page: string,
  retention: number,
): string | undefined {
  const before = entries.filter((entry) => entry.at <= at);
  switch (reason) {
    case 'trimmed': {
      // It is heard later than it is told: what a page that slept reads was true before the store lost what it had.
      const moments = [at, ...before.flatMap(({ lostAt }) => lostAt ?? [])];
      const wasTrimmed = moments.some((moment) => {
        const there = before.filter((entry) => entry.at <= moment && (entry.lostAt ?? Infinity) >= moment);
        return Math.max(...there.map(({ position }) => position[1])) - retention >= was[1] + 1;
      });
      return wasTrimmed ? undefined : 'the log kept what follows';
    }
    case 'epoch':
      if (truth.rewinds.length === 0) return 'the store never lost anything';
      return rootOf(was[0]) === rootOf(now[0]) ? 'both are in one epoch' : undefined;
    case 'diverged': {
      const last = entries.find(({ position }) => same(position, was));
      const isLost = last === undefined ? truth.rewinds.length > 0 : last.lostAt !== undefined;
      return isLost ? undefined : 'what it had read is still there';
    }
    case 'denied':
      return truth.denials.some((denial) => page.startsWith(denial.page) && denial.from <= at)
        ? undefined
        : 'nobody denied it';
    case 'too_big': {
      if (now[0] !== was[0] || now[1] !== was[1] + 1) return 'that is not one entry';
      const size = entries.find(({ position }) => same(position, now))?.bytes ?? 0;
      return truth.caps.some((cap) => page.startsWith(cap.page) && cap.from <= at && cap.bytes < size + FRAME)
        ? undefined
        : `its ${size} bytes could pass`;
    }
    case 'inbox_overflow':
      return 'that is no reason for a channel';
  }
}

// ── G3, G5: what became of what a page sent ─────────────────────────────────

function judgeSends({ truth, finals }: Evidence, page: PageHistory, claim: Claim): void {
  const isHere = finals.some((final) => final.page === page.page);
  const appended = new Map<string, Appended[]>();
  for (const entries of truth.appended.values()) {
    for (const entry of entries) {
      if (entry.id !== undefined) appended.set(entry.id, [...(appended.get(entry.id) ?? []), entry]);
    }
  }
  const order = new Map<string, number>();
  for (const sent of page.sent) {
    const { id, end, ends } = sent;
    if (isHere && ends !== 1) claim('G5', page.page, sent.at, `${id} ended ${ends} times.`);
    if (sent.kind === 'request') {
      judgeRequest(truth, page, sent, claim);
      continue;
    }
    const found = appended.get(id) ?? [];
    const kept = found.filter(({ lostAt }) => lostAt === undefined);
    const known = kept.filter(({ at }) => !isForgotten(truth, sent, at));
    if (kept.length > 1) claim('G3', page.page, sent.at, `${id} is in the log ${kept.length} times.`);
    if (end === 'acknowledged' && found.length === 0)
      claim('G3', page.page, sent.at, `${id} was acknowledged and is nowhere.`);
    if ((end === 'rejected' || end === 'full') && known.length > 0) {
      claim('G3', page.page, sent.at, `${id} was ${end} and is in the log at ${show(known[0]!.position)}.`);
    }
    for (const entry of found) {
      if (isDenied(truth, page.page, entry.log, sent.at, entry.at))
        claim('P44', page.page, entry.at, `${id} was taken, though its sender may not publish there.`);
    }
    for (const entry of known) {
      const number = Number(id.split('.').at(-1));
      const key = `${entry.log} ${rootOf(entry.position[0])}`;
      const before = order.get(key) ?? 0;
      if (entry.position[1] < before)
        claim('G3', page.page, sent.at, `${id} (number ${number}) is before one that was sent earlier.`);
      order.set(key, entry.position[1]);
    }
    judgeForgotten(page, sent, found, claim);
  }
}

/** This copy of it came so late that the store had forgotten meanwhile what became of another one. */
const isForgotten = ({ rewinds }: Truth, sent: Sent, at: number): boolean =>
  rewinds.some((rewind) => rewind.at >= sent.at && rewind.at <= at);

/** The store forgot what it had acknowledged: the page that sends on in this session must have been told (G5). */
function judgeForgotten(page: PageHistory, sent: Sent, found: readonly Appended[], claim: Claim): void {
  const { end, endedAt = 0 } = sent;
  if (end !== 'acknowledged' || found.length === 0 || !found.every(({ lostAt }) => lostAt !== undefined))
    return;
  const lostAt = Math.max(...found.map((entry) => entry.lostAt!));
  const later = page.sent.find((one) => one.at > Math.max(lostAt, endedAt) && one.end === 'acknowledged');
  if (later === undefined) return;
  // Perhaps before: the session can be rewound further than the log.
  const isTold = page.seen.some(
    (one) =>
      one.at >= endedAt &&
      ((one.what === 'error' && one.code === 'sends_lost') || (one.what === 'session' && one.lost)),
  );
  if (!isTold)
    claim('G5', page.page, lostAt, `${sent.id} was acknowledged, the store forgot it, and nobody was told.`);
}

function judgeRequest({ runs }: Truth, page: PageHistory, sent: Sent, claim: Claim): void {
  const ran = runs.some(({ id }) => id === sent.id);
  if (sent.end !== 'acknowledged') return;
  if (!ran) claim('G4', page.page, sent.at, `${sent.id} was answered, but no handler ran.`);
  if ((sent.reply as { id?: string } | undefined)?.id !== sent.id) {
    claim('G4', page.page, sent.at, `${sent.id} was answered with ${JSON.stringify(sent.reply)}.`);
  }
}

// ── G4: handlers ────────────────────────────────────────────────────────────

function judgeHandlers({ truth }: Evidence, claim: Claim): void {
  const seen = new Map<string, { key: string; at: number }>();
  for (const { id, key, at, redelivered } of truth.runs) {
    const before = seen.get(id);
    if (before === undefined) seen.set(id, { key, at });
    else {
      // A store that forgot the claim, or the whole session, cannot know that somebody had it.
      const forgotten = truth.rewinds.some((rewind) => rewind.at >= before.at - VERB && rewind.at <= at);
      if (before.key !== key && !forgotten)
        claim('G4', id, at, `its handler ran under two keys, ${before.key} and ${key}.`);
      if (!redelivered && !forgotten) claim('G4', id, at, 'its handler ran again without being told so.');
    }
  }
}

// ── members ─────────────────────────────────────────────────────────────────

/** Comings and goings alternate, as far as the log was not forgotten (G1: a member leaves exactly once). */
function judgeMembers({ truth }: Evidence, claim: Claim): void {
  if (truth.rewinds.length > 0) return;
  for (const [log, entries] of truth.appended) {
    const here = new Set<string>();
    for (const { member, at } of entries) {
      if (!member) continue;
      const joins = member.delta === 'member_joined';
      if (here.has(member.id) === joins)
        claim('G1', log, at, `${member.id} ${joins ? 'joined' : 'left'} twice.`);
      if (joins) here.add(member.id);
      else here.delete(member.id);
    }
  }
}

// ── G6, G7, G9: how it goes on ──────────────────────────────────────────────

function judgeCalm(page: PageHistory, claim: Claim): void {
  for (const one of page.seen) {
    if (one.what === 'state' && one.state === 'reconnecting') {
      claim('G6', page.page, one.at, 'a disconnect was shown, though one transport always worked.');
    }
    if (one.what === 'session' && one.lost)
      claim('G6', page.page, one.at, 'the session was lost, though nothing but transports was hindered.');
  }
}

function judgeFinal({ stand, truth }: Evidence, final: Final, claim: Claim): void {
  const { page } = final;
  const end = (promise: string, text: string): void => claim(promise, page, Infinity, text);
  if (final.state !== 'connected') end('G7', `is ${final.state} long after all is well again.`);
  else if (final.server !== final.primary)
    end('G9', `is at ${final.server ?? 'no server'}, though ${final.primary} works.`);
  else if (final.transport !== final.best)
    end('G9', `is on ${final.transport ?? 'nothing'}, though ${final.best} works.`);
  if (final.unsettled > 0) end('G5', `${final.unsettled} sends have no end.`);
  for (const { channel, position, members, enters } of final.channels) {
    const head = stand.heads.get(channel);
    if (!position) end('G1', `is subscribed to ${channel}, and stands nowhere in it.`);
    if (head && position && !same(head, position))
      end('G1', `stands at ${show(position)} of ${channel}, whose head is ${show(head)}.`);
    const present = stand.members.get(channel) ?? [];
    // Whoever was denied the channel may have missed the moment to enter again, or to read the list again.
    const wasDenied = truth.denials.some((one) => page.startsWith(one.page) && one.channel === channel);
    if (!enters || wasDenied) continue;
    if (final.session !== undefined && !present.includes(final.session))
      end('G1', `is no member of ${channel}.`);
    const wrong = [...present].sort().join() !== [...members].sort().join();
    if (wrong) end('G1', `sees ${members.length} members in ${channel}; there are ${present.length}.`);
  }
}

/** Whoever left is in no list any more: by then every lease of a page that is gone has ended. */
function judgeStand({ truth, stand, finals, pages }: Evidence, claim: Claim): void {
  // A store that forgot a farewell lists whoever said it, as long as its session lives.
  if (truth.rewinds.length > 0) return;
  for (const [channel, members] of stand.members) {
    for (const member of members) {
      const final = finals.find(({ session }) => session === member);
      const enters = final?.channels.some((one) => one.channel === channel && one.enters);
      if (enters) continue;
      // Refused because its session ended, and taken all the same: it was told that it may be.
      const isExcused = pages
        .find(({ page }) => page === final?.page)
        ?.seen.some(
          (one) => one.what === 'refused' && one.channel === channel && one.code === 'outcome_unknown',
        );
      if (!isExcused)
        claim('P46', channel, Infinity, `${final?.page ?? 'somebody who is gone'} is still listed.`);
    }
  }
}
