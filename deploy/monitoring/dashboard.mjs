// The Grafana dashboard, written down shortly: `node deploy/monitoring/dashboard.mjs` makes
// grafana/dashboards/iskra.json of it. A test runs it and compares.

import { writeFileSync } from 'node:fs';

/** The width of the grid. */
const ALL = 24;
const DATASOURCE = { type: 'prometheus', uid: 'prometheus' };
/** Of the nodes that were chosen above. */
const OF = 'job="iskra",instance=~"$node"';

/** @param lines what is drawn, by its legend */
const panel = (title, unit, lines, more = {}) => ({
  title,
  unit,
  lines,
  width: 8,
  type: 'timeseries',
  ...more,
});
const stat = (title, unit, expr, steps) =>
  panel(title, unit, { '': expr }, { type: 'stat', width: 4, steps });
const quantile = (share, name, by = '') =>
  `histogram_quantile(${share}, sum by (${by === '' ? '' : `${by}, `}le) (rate(${name}_bucket{${OF}}[$__rate_interval])))`;
const rate = (name, by, more = '') => `sum by (${by}) (rate(${name}{${OF}${more}}[$__rate_interval]))`;
const stacked = { stacked: true };

const rows = {
  Now: [
    stat('Nodes that are ready', 'none', `sum(iskra_ready{${OF}})`, { red: null, green: 1 }),
    stat('Nodes on their way out', 'none', `sum(iskra_draining{${OF}})`, { green: null, yellow: 1 }),
    stat('Sessions', 'none', `sum(iskra_sessions{${OF}})`),
    stat('Without WebSocket', 'percentunit', 'job:iskra_connections_fallback:ratio{job="iskra"}', {
      ...{ green: null, yellow: 0.1, red: 0.3 },
    }),
    stat('Pain, the worst node', 'none', 'max(iskra_voice{job="iskra",level="node",voice="pain"})', {
      ...{ green: null, yellow: 0.4, red: 0.7 },
    }),
    stat('Trust, the least node', 'none', 'min(iskra_voice{job="iskra",level="node",voice="trust"})', {
      ...{ red: null, yellow: 0.3, green: 0.7 },
    }),
  ],
  'Who is here': [
    panel(
      'Connections',
      'none',
      { '{{transport}}': `sum by (transport) (iskra_connections{${OF}})` },
      stacked,
    ),
    panel('Those who come', 'reqps', { '{{verdict}}': rate('iskra_hellos_total', 'verdict') }),
    panel('Streams that end', 'ops', { '{{code}}': `${rate('iskra_streams_ended_total', 'code')} > 0` }),
    panel('Refused', 'ops', { '{{code}}': `${rate('iskra_refused_total', 'code')} > 0` }),
    panel('What clients found on their way', 'ops', {
      '{{transport}}, {{verdict}}': `${rate('iskra_client_verdicts_total', 'transport, verdict')} > 0`,
    }),
    panel('To the first message, 95 %', 's', {
      '{{transport}}': quantile(0.95, 'iskra_first_message_seconds', 'transport'),
    }),
    panel('Away until back, 50 and 95 %', 's', {
      'half of them': quantile(0.5, 'iskra_recovery_seconds'),
      '95 %': quantile(0.95, 'iskra_recovery_seconds'),
    }),
  ],
  'What is said': [
    panel('Messages', 'mps', {
      'down, {{transport}}': rate('iskra_messages_sent_total', 'transport'),
      'up, {{transport}}': rate('iskra_messages_received_total', 'transport'),
    }),
    panel('Bytes', 'Bps', {
      down: rate('iskra_sent_bytes_total', ''),
      up: rate('iskra_received_bytes_total', ''),
    }),
    panel('Published by clients', 'ops', { '{{instance}}': rate('iskra_published_total', 'instance') }),
    panel('Round trip', 's', {
      'half, {{transport}}': quantile(0.5, 'iskra_round_trip_seconds', 'transport'),
      '95 %, {{transport}}': quantile(0.95, 'iskra_round_trip_seconds', 'transport'),
    }),
    panel('On the node until written', 's', {
      'half, {{instance}}': quantile(0.5, 'iskra_delivery_seconds', 'instance'),
      '99 %, {{instance}}': quantile(0.99, 'iskra_delivery_seconds', 'instance'),
    }),
    panel('Switches and gaps', 'ops', {
      '{{event}}': rate('iskra_events_total', 'event', ',event=~"transport_(down|up)graded"'),
      'gap, {{reason}}': `${rate('iskra_gaps_total', 'reason')} > 0`,
    }),
    panel('Bytes that wait for readers', 'bytes', { '{{instance}}': `iskra_queue_bytes{${OF}}` }),
  ],
  'What it stands on': [
    panel('The store, 99 %', 's', { '{{verb}}': quantile(0.99, 'iskra_store_seconds', 'verb') }),
    panel('The store without an answer', 'ops', {
      '{{verb}}': `${rate('iskra_store_failures_total', 'verb')} > 0`,
      'away, {{instance}}': `iskra_store_away{${OF}}`,
    }),
    panel('Logs in memory', 'bytes', { '{{instance}}, {{kind}}': `iskra_log_bytes{${OF}}` }, stacked),
    panel('Late timers, 99 %', 's', {
      '{{instance}}': quantile(0.99, 'iskra_event_loop_lag_seconds', 'instance'),
    }),
    panel('CPU', 'percentunit', { '{{instance}}': rate('process_cpu_seconds_total', 'instance') }),
    panel('Memory', 'bytes', {
      '{{instance}}': `process_resident_memory_bytes{${OF}}`,
      'heap, {{instance}}': `nodejs_heap_size_used_bytes{${OF}}`,
    }),
    panel('Files and sockets', 'none', {
      '{{instance}}': `process_open_fds{${OF}}`,
      'may be open': `min(process_max_fds{${OF}})`,
    }),
    panel('Voices', 'none', { '{{voice}}, {{instance}}': `iskra_voice{${OF},level="node"}` }, { most: 1 }),
    panel('Alerts', '', {}, { type: 'alertlist' }),
  ],
};

const drawn = {
  timeseries: ({ stacked: isStacked = false }) => ({
    fieldConfig: {
      drawStyle: 'line',
      fillOpacity: isStacked ? 40 : 8,
      lineWidth: 1,
      showPoints: 'never',
      stacking: { mode: isStacked ? 'normal' : 'none' },
    },
    options: {
      legend: { displayMode: 'list', placement: 'bottom' },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  }),
  stat: () => ({
    options: { colorMode: 'value', graphMode: 'area', reduceOptions: { calcs: ['lastNotNull'] } },
  }),
  alertlist: () => ({
    options: { datasource: 'Prometheus', stateFilter: { firing: true, pending: true }, viewMode: 'list' },
  }),
};

function made({ title, type, unit, lines, steps, most, ...more }, id, gridPos) {
  const { fieldConfig: custom, options } = drawn[type](more);
  const thresholds = Object.entries(steps ?? { green: null }).map(([color, value]) => ({ color, value }));
  return {
    ...{ id, title, type, gridPos, options },
    ...(type !== 'alertlist' && { datasource: DATASOURCE }),
    fieldConfig: {
      defaults: {
        unit,
        min: 0,
        ...(most !== undefined && { max: most }),
        thresholds: { mode: 'absolute', steps: thresholds },
        ...(custom !== undefined && { custom }),
      },
      overrides: [],
    },
    targets: Object.entries(lines).map(([legendFormat, expr], at) => ({
      ...{ datasource: DATASOURCE, expr, legendFormat, refId: String.fromCharCode(65 + at) },
    })),
  };
}

function laidOut() {
  const panels = [];
  let y = 0;
  const add = (one, gridPos) => void panels.push({ id: panels.length + 1, ...one, gridPos });
  for (const [title, inRow] of Object.entries(rows)) {
    add({ title, type: 'row', collapsed: false, panels: [] }, { x: 0, y: y++, w: ALL, h: 1 });
    const height = inRow[0].type === 'stat' ? 4 : 8;
    let x = 0;
    for (const one of inRow) {
      panels.push(made(one, panels.length + 1, { x, y, w: one.width, h: height }));
      x += one.width;
      if (x + one.width <= ALL) continue;
      x = 0;
      y += height;
    }
    if (x > 0) y += height;
  }
  return panels;
}

export const dashboard = {
  uid: 'iskra',
  title: 'Iskra',
  tags: ['iskra'],
  schemaVersion: 39,
  version: 1,
  editable: false,
  graphTooltip: 1,
  refresh: '15s',
  time: { from: 'now-1h', to: 'now' },
  annotations: {
    list: [
      {
        name: 'Restarts',
        enable: true,
        iconColor: 'orange',
        datasource: DATASOURCE,
        expr: 'changes(process_start_time_seconds{job="iskra"}[1m]) > 0',
        titleFormat: 'start',
        tagKeys: 'instance',
      },
    ],
  },
  templating: {
    list: [
      {
        name: 'node',
        label: 'Node',
        type: 'query',
        datasource: DATASOURCE,
        query: { query: 'label_values(iskra_ready{job="iskra"}, instance)', refId: 'node' },
        ...{ includeAll: true, multi: true, refresh: 2, sort: 1 },
        current: { text: 'All', value: '$__all' },
      },
    ],
  },
  panels: laidOut(),
};

if (process.argv[1] === import.meta.filename) {
  writeFileSync(
    new URL('grafana/dashboards/iskra.json', import.meta.url),
    `${JSON.stringify(dashboard, null, 2)}\n`,
  );
}
