/** What a node tells of a connection: how it came, whether its transport works, what happened to it, how it ended. */
import type { CodeName, Hello } from '@iskra/protocol/wire';
import type { Core } from './core.js';
import type { Follower } from './hub.js';
import type { EventName } from './observe/catalogue.js';
import type { EventDetail, Ids, Source } from './observe/event.js';
import { STREAMS } from './observe/metrics.js';
import type { MetricTransport } from './observe/metrics.js';
import type { Distribution } from './observe/metrics/distribution.js';
import type { Setback } from './observe/setbacks.js';
import { switchOf } from './observe/whereabouts.js';
import type { Before } from './observe/whereabouts.js';
import type { Entrance } from './opening.js';
import type { Report } from './session.js';

/** What is asked of a connection. */
interface Told extends Follower, Source {
  /** This node closed it, and said why. */
  readonly isClosed: boolean;
  /** Milliseconds since its client was heard last. */
  readonly silence: number;
}

/** A hello was answered, of a connection that came at that moment. */
export function countHello(
  { metrics, clock }: Core,
  { key }: Hello,
  { type }: Entrance,
  transport: MetricTransport,
  since: number | undefined,
): void {
  if (type !== 'joined') {
    metrics.verdicts[type]++;
    return;
  }
  metrics.verdicts[key === undefined ? 'opened' : 'resumed']++;
  if (metrics.measures && since !== undefined) observe(metrics.firstMessage, transport, clock.now() - since);
}

/** A heartbeat was answered after so many ms. */
export function countRoundTrip({ metrics }: Core, transport: MetricTransport, ms: number): void {
  observe(metrics.roundTrip, transport, ms);
}

/** A connection was let in, by its own hello. */
export function tellEntrance(core: Core, ids: Ids, entrance: Exclude<Entrance, { type: 'refused' }>): void {
  if (entrance.type === 'probed') return core.events.tell('probe_answered', ids);
  if (entrance.welcome === undefined) return;
  const { session, generation } = entrance.state;
  const now = core.clock.now();
  const is = { ...ids, session, generation };
  const transport = transportOf(ids);
  core.events.tell('connection_welcomed', { ...is, transport });
  const others = core.hub.ofSession(session);
  const proven = others.find((other) => !core.whereabouts.isUnproven(session, other.generation));
  const gone = core.whereabouts.returned(session, now);
  if (gone !== undefined) countRecovery(core, gone, generation);
  const before = proven === undefined ? gone : { ...whereOf(proven), away: 0 };
  const isFirst = generation === 1 || (before === undefined && others.length > 0);
  if (generation === 1) core.events.tell('session_opened', { ...is, transport });
  core.whereabouts.welcomed(session, generation, { transport, before, isFirst }, now);
}

/** A request goes on with a session: with the key that its welcome brought, and the generation. */
export function tellGoingOn(core: Core, self: Told, session: string, generation: number): void {
  // Polling it is not away.
  if (self.isPoll) core.whereabouts.returned(session, core.clock.now());
  if (core.whereabouts.awaits) tellProof(core, self.ids, session, generation);
}

/** Something came up that only what went down by the connection of this generation can have brought. */
export function tellProof(core: Core, ids: Ids, session: string, generation: number): void {
  const unproven = core.whereabouts.settled(session, generation);
  if (unproven === undefined) return;
  const { transport, before, isFirst } = unproven;
  const is = { ...ids, session, generation, transport };
  core.events.tell('transport_proven', is);
  if (isFirst) return;
  if (before?.away !== 0) core.events.tell('session_resumed', { ...is, away: before?.away });
  if (before === undefined) return;
  const change = switchOf(before.transport, transport);
  if (change === undefined) return;
  tellSetback(core, 'switched', change, { ...is, from: before.transport, to: transport });
}

/** What a session reports of itself, where its client was silent for so many heartbeats. */
export function tellReport({ events, metrics }: Core, ids: Ids, report: Report, missed: number): void {
  if (report.event === 'heartbeat_missed')
    return events.tell('heartbeat_missed', { ...ids, missed, evidence: missed });
  metrics.gaps[report.reason]++;
  events.tell('gap', { ...ids, reason: report.reason });
}

/** A connection is gone; it is still in the hub. */
export function tellParting(core: Core, self: Told, session: string): void {
  const { generation, isPoll } = self;
  const isLast = !core.hub.hasOthers(session, self);
  if (isLast) core.whereabouts.left(session, whereOf(self), core.clock.now());
  // A poll ends with each answer.
  if (isPoll) return;
  const unproven = core.whereabouts.settled(session, generation);
  if (self.isClosed) return;
  const is = { ...self.ids, silent: Math.round(self.silence) };
  if (unproven !== undefined) return core.events.tell('transport_unproven', is);
  if (core.hub.ofSession(session).some((other) => other.generation > generation)) return;
  tellSetback(core, 'failed', 'connection_lost', is);
}

/** This node closes a connection with a code. */
export function tellClosed(core: Core, ids: Ids, code: CodeName, missed: number, field?: string): void {
  // One that is in its session was heard before, and is not any more.
  if (code !== 'timeout' || missed === 0) return core.events.tell(code, { ...ids, field });
  tellSetback(core, 'failed', 'zombie_closed', { ...ids, code, missed, evidence: missed });
}

/** What its session also feels. */
function tellSetback(core: Core, setback: Setback, name: EventName, detail: EventDetail): void {
  const { session } = detail;
  if (session !== undefined) core.voices.setbacks.count(session, setback, core.clock.now());
  core.events.tell(name, detail);
}

/** How long a session was without the stream that it had here, unless it has been elsewhere meanwhile. */
function countRecovery({ metrics }: Core, { transport, generation, away }: Before, next: number): void {
  const isStream = (STREAMS as readonly string[]).includes(transport);
  if (metrics.measures && isStream && generation === next - 1) metrics.recovery.observe(away / 1000);
}

/** Milliseconds, where they are told apart by transport. */
function observe(
  seconds: Readonly<Partial<Record<MetricTransport, Distribution>>>,
  transport: MetricTransport,
  ms: number,
): void {
  seconds[transport]?.observe(ms / 1000);
}

const whereOf = ({ transport, generation }: Follower): Omit<Before, 'away'> => ({ transport, generation });

/** The poll that opens a session does not say whether the next ones are to be held; its client's name for it does. */
function transportOf({ attempt = '', transport = '' }: Ids): MetricTransport {
  const [, named] = /^(long-poll|polling)-\d+$/.exec(attempt) ?? [];
  return (named ?? transport) as MetricTransport;
}
