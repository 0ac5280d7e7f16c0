/** Looks and moments, for tests. */
import { readFamilies } from '../families.js';
import type { Look } from './look.js';

export const URL_1 = 'http://node-1:8000';
export const URL_2 = 'http://node-2:8000';

/** Numbers of a node's /metrics; memory in MiB, `more` is further text of it. */
export const metrics = ({
  websocket = 100,
  sse = 20,
  received = 0,
  sent = 0,
  published = 0,
  memory = 64,
  cpu = 1,
  more = '',
} = {}) => `# TYPE iskra_connections gauge
iskra_connections{transport="websocket"} ${websocket}
iskra_connections{transport="sse"} ${sse}
iskra_connections{transport="polling"} 0
# TYPE iskra_messages_received_total counter
iskra_messages_received_total{transport="websocket"} ${received}
# TYPE iskra_messages_sent_total counter
iskra_messages_sent_total{transport="websocket"} ${sent}
# TYPE iskra_published_total counter
iskra_published_total ${published}
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes ${memory * 1_048_576}
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total ${cpu}
# TYPE iskra_refused_total counter
${more}`;

export const wellLook = (url: string, text: string | undefined = metrics(), active = 120): Look => ({
  url,
  isReady: true,
  families: text === undefined ? undefined : readFamilies(text),
  health: {
    ...{ ok: true, state: 'healthy', url: `${url}/health`, milliseconds: 3, message: 'healthy' },
    health: {
      ...{
        status: 'healthy',
        active_connections: active,
        shutdown_in_progress: false,
        timestamp: '',
        node: 'n1',
      },
    },
  },
});

export const downLook = (url: string): Look => ({
  ...{ url, isReady: undefined, families: undefined },
  health: {
    ...{ ok: false, state: 'unreachable', url: `${url}/health`, milliseconds: 2 },
    message: `unreachable: ${url}/health refused the connection; does the server run, and on this port?`,
  },
});

export const drainingLook = (url: string, left: number): Look => {
  const look = wellLook(url, metrics({ websocket: left, sse: 0 }), left);
  return { ...look, isReady: false, health: { ...look.health, ok: false, state: 'shutting_down' } };
};
