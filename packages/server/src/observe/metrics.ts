/**
 * What is counted. Plain numbers on the hot path; prom-client reads them only
 * when somebody asks for `/metrics`.
 */
import { Counter, Gauge, Registry } from 'prom-client';
import type { CodeName } from '@iskra/protocol/wire';

/** A way for messages to travel; `plain` is `/ws/:client_id`. */
export type MetricTransport = 'websocket' | 'sse' | 'long-poll' | 'polling' | 'send' | 'plain';

export interface Metrics {
  /** Live connections by transport. */
  readonly connections: Record<MetricTransport, number>;
  /** Messages written by transport. */
  readonly sent: Record<MetricTransport, number>;
  /** Messages received by transport. */
  readonly received: Record<MetricTransport, number>;
  published: number;
  refused(code: CodeName): void;
  /** Prometheus text, and its content type. */
  text(): Promise<string>;
  readonly contentType: string;
}

export function createMetrics(): Metrics {
  const registry = new Registry();
  const zero = (): Record<MetricTransport, number> => ({
    websocket: 0,
    sse: 0,
    'long-poll': 0,
    polling: 0,
    send: 0,
    plain: 0,
  });
  const refusals = new Map<CodeName, number>();
  const metrics: Metrics = {
    connections: zero(),
    sent: zero(),
    received: zero(),
    published: 0,
    refused: (code) => void refusals.set(code, (refusals.get(code) ?? 0) + 1),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };

  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  const byTransport = (
    name: string,
    help: string,
    read: Record<MetricTransport, number>,
    Kind: typeof Gauge | typeof Counter,
  ): void => {
    new Kind({
      name,
      help,
      labelNames: ['transport'],
      registers: [registry],
      collect(this: Gauge | Counter) {
        this.reset();
        for (const [transport, value] of Object.entries(read)) this.inc({ transport }, value);
      },
    });
  };

  gauge(
    'websocket_active_connections',
    'WebSocket connections that are open now, those of plain clients included.',
    () => metrics.connections.websocket + metrics.connections.plain,
  );
  counter(
    'websocket_messages_sent_total',
    'Messages written to WebSocket connections, those of plain clients included.',
    () => metrics.sent.websocket + metrics.sent.plain,
  );
  byTransport('iskra_connections', 'Connections that are open now.', metrics.connections, Gauge);
  byTransport('iskra_messages_sent_total', 'Messages written.', metrics.sent, Counter);
  byTransport('iskra_messages_received_total', 'Messages received.', metrics.received, Counter);
  // The names that every dashboard knows.
  gauge('process_resident_memory_bytes', 'Memory of this process.', () => process.memoryUsage.rss());
  counter('process_cpu_seconds_total', 'CPU time of this process.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1_000_000;
  });
  counter('iskra_published_total', 'Envelopes published by clients.', () => metrics.published);
  new Counter({
    name: 'iskra_refused_total',
    help: 'Messages, requests and connections refused, by code.',
    labelNames: ['code'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [code, count] of refusals) this.inc({ code }, count);
    },
  });
  return metrics;
}
