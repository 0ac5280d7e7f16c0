import { describe, expect, test } from 'vitest';
import { createMetrics } from './metrics.js';

describe('metrics', () => {
  test('tell what is open and what was written, sent, received, published and refused', async () => {
    const metrics = createMetrics();
    metrics.connections.websocket += 2;
    metrics.connections.plain++;
    metrics.connections.sse++;
    metrics.sent.websocket += 5;
    metrics.sent.plain += 1;
    metrics.received['long-poll'] += 3;
    metrics.published += 4;
    metrics.refused('too_big');
    metrics.refused('too_big');
    const lines = (await metrics.text()).split('\n');
    expect(lines).toEqual(
      expect.arrayContaining([
        'websocket_active_connections 3',
        'websocket_messages_sent_total 6',
        'iskra_connections{transport="sse"} 1',
        'iskra_messages_sent_total{transport="websocket"} 5',
        'iskra_messages_received_total{transport="long-poll"} 3',
        'iskra_published_total 4',
        'iskra_refused_total{code="too_big"} 2',
      ]),
    );
    expect(metrics.contentType).toContain('text/plain');
  });

  test('tell the memory and the CPU time of the process, under the names that dashboards know', async () => {
    const text = await createMetrics().text();
    expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(text)?.[1])).toBeGreaterThan(10_000_000);
    expect(Number(/^process_cpu_seconds_total (\S+)$/m.exec(text)?.[1])).toBeGreaterThan(0);
  });

  test('count each number once, however often somebody asks', async () => {
    const metrics = createMetrics();
    metrics.published = 2;
    metrics.refused('forbidden');
    const ours = async (): Promise<string> => (await metrics.text()).replace(/^process_.*\n/gm, '');
    expect(await ours()).toBe(await ours());
    metrics.connections.sse++;
    metrics.connections.sse--;
    expect(await metrics.text()).toContain('iskra_connections{transport="sse"} 0');
  });
});
