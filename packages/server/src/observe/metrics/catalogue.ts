/**
 * Every number of a node: its name, what it is, which labels it has, and where it is read. What a dashboard, a rule or
 * the guide may name is here, and nowhere else.
 */
import { CODES, INBOX } from '@iskra/protocol/wire';
import type { CodeName } from '@iskra/protocol/wire';
import type { Core } from '../../core.js';
import { EVENTS } from '../catalogue.js';
import type { EventName } from '../catalogue.js';
import {
  ENDS,
  GAP_REASONS,
  SESSION_TRANSPORTS,
  STREAMS,
  TOLD_TRANSPORTS,
  TOLD_VERDICTS,
  TRANSPORTS,
  VERDICTS,
} from '../metrics.js';
import type { Meter } from './meter.js';
import { VERBS } from './timed-store.js';

const CODE_NAMES = Object.keys(CODES) as CodeName[];
const EVENT_NAMES = Object.keys(EVENTS) as EventName[];

/** Tells a meter of all of them. */
export function describeNode(meter: Meter, core: Core): void {
  describeTraffic(meter, core);
  describeSessions(meter, core);
  describeDelivery(meter, core);
  describeStore(meter, core);
  describeState(meter, core);
}

function describeTraffic(meter: Meter, { metrics: { traffic } }: Core): void {
  const labels = { transport: TRANSPORTS };
  const { websocket, plain } = traffic;
  meter.gauge(
    {
      name: 'websocket_active_connections',
      help: 'WebSocket connections that are open now, those of plain clients included.',
    },
    () => websocket.open + plain.open,
  );
  meter.counter(
    {
      name: 'websocket_messages_sent_total',
      help: 'Messages written to WebSocket connections, those of plain clients included.',
    },
    () => websocket.sent + plain.sent,
  );
  meter.gauge(
    {
      name: 'iskra_connections',
      help: 'Connections that are open now; of long-poll, polls that are held.',
      labels,
    },
    ({ transport }) => traffic[transport].open,
  );
  meter.counter(
    { name: 'iskra_connections_opened_total', help: 'Connections; of polls and sends, requests.', labels },
    ({ transport }) => traffic[transport].opened,
  );
  meter.counter(
    { name: 'iskra_messages_sent_total', help: 'Messages written.', labels },
    ({ transport }) => traffic[transport].sent,
  );
  meter.counter(
    { name: 'iskra_messages_received_total', help: 'Messages received.', labels },
    ({ transport }) => traffic[transport].received,
  );
  meter.counter(
    {
      name: 'iskra_sent_bytes_total',
      help: 'Bytes of the messages written, without headers and framing.',
      labels,
    },
    ({ transport }) => traffic[transport].sentBytes,
  );
  meter.counter(
    {
      name: 'iskra_received_bytes_total',
      help: 'Bytes of the messages received, without headers and framing.',
      labels,
    },
    ({ transport }) => traffic[transport].receivedBytes,
  );
}

function describeSessions(meter: Meter, { hub, metrics }: Core): void {
  meter.gauge(
    { name: 'iskra_sessions', help: 'Sessions with a connection to this node now.' },
    () => hub.sessions,
  );
  meter.counter(
    {
      name: 'iskra_hellos_total',
      help: 'Requests to open or resume a session, by verdict.',
      labels: { verdict: VERDICTS },
    },
    ({ verdict }) => metrics.verdicts[verdict],
  );
  meter.counter(
    {
      name: 'iskra_client_verdicts_total',
      help: 'What clients found out about their way here, as they told it: by transport and verdict.',
      labels: { transport: TOLD_TRANSPORTS, verdict: TOLD_VERDICTS },
    },
    ({ transport, verdict }) => metrics.told[transport][verdict],
  );
  meter.counter(
    {
      name: 'iskra_refused_total',
      help: 'Messages, requests and connections refused, by code.',
      labels: { code: CODE_NAMES },
    },
    ({ code }) => metrics.refusals[code],
  );
  meter.counter(
    {
      name: 'iskra_streams_ended_total',
      help: 'WebSocket connections and event streams that ended, by code; gone when the peer or the way to it was.',
      labels: { code: ENDS },
    },
    ({ code }) => metrics.ends[code],
  );
  meter.histogram(
    {
      name: 'iskra_round_trip_seconds',
      help: 'From a heartbeat to its answer.',
      labels: { transport: STREAMS },
    },
    ({ transport }) => metrics.roundTrip[transport],
  );
  meter.histogram(
    {
      name: 'iskra_first_message_seconds',
      help: 'From a connection, or the request that opens a session, to its first message.',
      labels: { transport: SESSION_TRANSPORTS },
    },
    ({ transport }) => metrics.firstMessage[transport],
  );
  meter.histogram(
    {
      name: 'iskra_recovery_seconds',
      help: 'From the end of the last stream of a session on this node until it is here again.',
    },
    () => metrics.recovery,
  );
}

function describeDelivery(meter: Meter, { hub, connections, metrics }: Core): void {
  meter.counter(
    {
      name: 'iskra_gaps_total',
      help: 'Gaps that readers were told, by reason.',
      labels: { reason: GAP_REASONS },
    },
    ({ reason }) => metrics.gaps[reason],
  );
  meter.counter(
    { name: 'iskra_published_total', help: 'Envelopes published by clients.' },
    () => metrics.published,
  );
  meter.gauge({ name: 'iskra_channels', help: 'Channels that connections of this node read now.' }, () =>
    hub.logs.reduce((count, log) => count + (log.startsWith(INBOX) ? 0 : 1), 0),
  );
  meter.gauge(
    { name: 'iskra_queue_bytes', help: 'Bytes that wait in sockets for readers that do not take them.' },
    () => {
      let bytes = 0;
      for (const connection of connections) bytes += connection.queued;
      return bytes;
    },
  );
  meter.histogram(
    {
      name: 'iskra_delivery_seconds',
      help: 'From the moment at which an entry is known to this node until it is written to all who wait for it.',
    },
    () => metrics.delivery,
  );
}

function describeStore(meter: Meter, { store, metrics: { store: numbers } }: Core): void {
  const labels = { verb: VERBS };
  meter.histogram(
    { name: 'iskra_store_seconds', help: 'Time until the store answered, by verb.', labels },
    ({ verb }) => numbers?.seconds[verb],
  );
  meter.counter(
    { name: 'iskra_store_failures_total', help: 'Questions that the store did not answer, by verb.', labels },
    ({ verb }) => numbers?.failures[verb],
  );
  meter.gauge(
    {
      name: 'iskra_kept_sessions',
      help: 'Sessions in the memory of this process, without a connection too.',
    },
    () => store.kept?.().sessions,
  );
  meter.gauge(
    {
      name: 'iskra_log_entries',
      help: 'Entries of logs in the memory of this process.',
      labels: { kind: ['channel', 'inbox'] },
    },
    ({ kind }) => store.kept?.()[kind].entries,
  );
  meter.gauge(
    {
      name: 'iskra_log_bytes',
      help: 'Bytes of logs in the memory of this process.',
      labels: { kind: ['channel', 'inbox'] },
    },
    ({ kind }) => store.kept?.()[kind].bytes,
  );
}

function describeState(meter: Meter, core: Core): void {
  meter.counter(
    {
      name: 'iskra_events_total',
      help: 'What happened, by the name of the event.',
      labels: { event: EVENT_NAMES },
    },
    ({ event }) => core.events.counts[event],
  );
  meter.gauge(
    { name: 'iskra_ready', help: '1 while /ready says so: not on its way out, and its store answers.' },
    () => (core.drain === undefined && !core.pulse.isAway ? 1 : 0),
  );
  meter.gauge(
    {
      name: 'iskra_voice',
      help: 'Voices from 0 to 1, by level; none where no heartbeat was answered yet.',
      labels: { level: ['node', 'cluster'], voice: ['pain', 'chaos', 'trust'] },
    },
    ({ level, voice }) => core.voices.of(level)?.[voice],
  );
  meter.gauge({ name: 'iskra_draining', help: '1 while the node is on its way out.' }, () =>
    core.drain === undefined ? 0 : 1,
  );
  meter.gauge({ name: 'iskra_store_away', help: '1 while the store does not answer.' }, () =>
    core.pulse.isAway ? 1 : 0,
  );
}
