/** How the panel looks: the colours of the documentation, every pair of text and ground AA, in the light and in the dark. */
export const STYLE = `
:host {
  all: initial !important;
  position: fixed !important;
  inset: auto 12px 12px 12px !important;
  z-index: 2147483647 !important;
  display: block !important;
  pointer-events: none !important;
  color-scheme: light dark !important;
  contain: layout style !important;
}
* { box-sizing: border-box; }
.all {
  --bg: light-dark(#fffdf9, #1a1714);
  --soft: light-dark(#f6f1e9, #221e1a);
  --line: light-dark(#e3d9ca, #38312a);
  --edge: light-dark(#cbbca7, #4d443b);
  --text: light-dark(#2a211a, #f2eae1);
  --muted: light-dark(#675a4d, #b5a899);
  --spark: light-dark(#b4470b, #ffa24f);
  --on-spark: light-dark(#fffdf9, #1b0f06);
  --good: light-dark(#2c7a3f, #79c98b);
  --fair: light-dark(#8f5600, #f0b95a);
  --poor: light-dark(#b3261e, #ff8a80);
  --up: light-dark(#2c63b5, #86b8ff);
  --down: light-dark(#2c7a3f, #79c98b);
  --websocket: light-dark(#8f5600, #ffbe5c);
  --sse: light-dark(#b83517, #ff8666);
  --long-poll: light-dark(#8a3fb4, #d59bff);
  --polling: light-dark(#2c63b5, #86b8ff);
  --mono: ui-monospace, 'SF Mono', 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace;
  color: var(--text);
  font: 13px/1.4 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif;
  font-variant-numeric: tabular-nums;
  text-align: start;
}
[hidden] { display: none !important; }
:focus-visible { outline: 2px solid var(--spark); outline-offset: 1px; }
button, input { font: inherit; color: inherit; }
button {
  padding: 4px 10px;
  border: 1px solid var(--edge);
  border-radius: 8px;
  background: var(--bg);
  cursor: pointer;
  white-space: nowrap;
}
button:hover { background: var(--soft); border-color: var(--muted); }
button[aria-pressed='true'] { background: var(--spark); border-color: var(--spark); color: var(--on-spark); }
h2, h3, p, ol, ul, dl, dd { margin: 0; padding: 0; list-style: none; font: inherit; }

.launcher {
  pointer-events: auto;
  display: flex;
  align-items: center;
  gap: 8px;
  width: max-content;
  max-width: 100%;
  margin-left: auto;
  padding: 7px 14px 7px 11px;
  border-radius: 999px;
  box-shadow: 0 1px 2px rgb(0 0 0 / 0.12), 0 6px 20px rgb(0 0 0 / 0.16);
}
.launcher svg, .brand svg { width: 14px; height: 14px; fill: var(--spark); flex: none; }
.dot { width: 8px; height: 8px; border-radius: 50%; background: var(--muted); flex: none; }
[data-state='connected'] .dot { background: var(--good); }
[data-state='connecting'] .dot, [data-state='reconnecting'] .dot { background: var(--fair); }
[data-state='closed'] .dot { background: var(--poor); }

.panel {
  pointer-events: auto;
  /* A layer of its own: it is not painted again whenever the page below is. */
  will-change: transform;
  container-type: inline-size;
  display: flex;
  flex-direction: column;
  height: clamp(300px, 56vh, 640px);
  max-width: 1440px;
  margin: 0 auto;
  overflow: hidden;
  border: 1px solid var(--edge);
  border-radius: 14px;
  background: var(--bg);
  box-shadow: 0 2px 6px rgb(0 0 0 / 0.1), 0 18px 60px rgb(0 0 0 / 0.24);
}
.bar {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: 6px 14px;
  padding: 8px 10px 8px 14px;
  border-bottom: 1px solid var(--line);
  background: var(--soft);
}
.brand { display: flex; align-items: center; gap: 7px; font-weight: 650; }
.state { display: flex; align-items: center; gap: 7px; }
.state .carrier { font-weight: 600; color: var(--mark); }
.trip { display: flex; align-items: center; gap: 8px; color: var(--muted); }
.trip svg { width: 84px; height: 18px; overflow: visible; }
.trip polyline { fill: none; stroke: var(--spark); stroke-width: 1.5; stroke-linejoin: round; stroke-linecap: round; }
.tools { display: flex; flex-wrap: wrap; gap: 6px; margin-left: auto; }
.tools .close { padding: 4px 8px; border-color: transparent; background: none; }
.said { color: var(--muted); }

.body { flex: 1; min-height: 0; display: grid; grid-template-columns: minmax(270px, 330px) minmax(0, 1fr); }
.side { overflow: auto; border-right: 1px solid var(--line); padding: 4px 14px 14px; scrollbar-width: thin; }
.side section { padding-top: 10px; }
.side h3 {
  display: flex;
  justify-content: space-between;
  margin-bottom: 5px;
  font-size: 11px;
  font-weight: 650;
  letter-spacing: 0.06em;
  text-transform: uppercase;
  color: var(--muted);
}
.side h3 span { font-weight: 400; letter-spacing: 0; text-transform: none; }
.empty, .note { color: var(--muted); font-size: 12px; }
.note { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }

.rungs { position: relative; }
.rungs li { position: relative; display: grid; grid-template-columns: 16px 1fr auto; gap: 0 8px; align-items: center; padding: 1px 0; min-height: 38px; }
.rungs li::before {
  content: '';
  justify-self: center;
  width: 10px;
  height: 10px;
  border: 2px solid var(--edge);
  border-radius: 50%;
  background: var(--bg);
  z-index: 1;
}
.rungs li:not(:last-child)::after {
  content: '';
  position: absolute;
  left: 7px;
  top: 50%;
  width: 2px;
  height: 100%;
  background: var(--line);
}
.rungs li[data-state='carries']::before { border-color: var(--mark); background: var(--mark); box-shadow: 0 0 0 4px color-mix(in srgb, var(--mark) 22%, transparent); }
.rungs li[data-state='trying']::before { border-color: var(--mark); }
.rungs li[data-state='blocked']::before { border-color: var(--spark); background: linear-gradient(var(--spark), var(--spark)) center / 6px 2px no-repeat var(--bg); }
.rungs li[data-state='held back']::before, .rungs li[data-state='failed']::before { border-color: var(--poor); }
.rungs b { font-weight: 500; }
.rungs li[data-state='carries'] b { font-weight: 650; }
.rungs .what { min-width: 0; }
.rungs .cure { color: var(--text); font-size: 12px; }
.rungs .cure::before { content: '→ '; color: var(--spark); }
.rungs button { padding: 2px 9px; font-size: 12px; }
[data-transport='websocket'] { --mark: var(--websocket); }
[data-transport='sse'] { --mark: var(--sse); }
[data-transport='long-poll'] { --mark: var(--long-poll); }
[data-transport='polling'] { --mark: var(--polling); }

.voices { display: grid; gap: 5px; }
.voices > div { display: grid; grid-template-columns: 46px 1fr 32px; gap: 8px; align-items: center; }
.voices dt { color: var(--muted); }
.voices dd:last-child { text-align: right; font-size: 12px; }
.meter { height: 6px; border-radius: 3px; background: var(--line); overflow: hidden; }
.meter i { display: block; height: 100%; width: 100%; border-radius: 3px; background: var(--good); transform-origin: left; }
.meter.bad i { background: var(--poor); }

.lines li { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 10px; padding: 2px 0; }
.lines b { font-weight: 500; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.lines .right { color: var(--muted); font: 12px/1.5 var(--mono); }
.lines .note { grid-column: 1 / -1; }
.lines .bad { color: var(--poor); }

.main { display: flex; flex-direction: column; min-height: 0; min-width: 0; position: relative; }
.find { display: flex; align-items: center; gap: 10px; padding: 7px 12px; border-bottom: 1px solid var(--line); }
.find input { flex: 1; min-width: 0; padding: 4px 10px; border: 1px solid var(--edge); border-radius: 8px; background: var(--bg); }
.find input::placeholder { color: var(--muted); opacity: 1; }
.find span { color: var(--muted); font-size: 12px; white-space: nowrap; }
.split { flex: 1; min-height: 0; display: grid; grid-template-rows: minmax(0, 1fr); }
.split.detailed { grid-template-columns: minmax(0, 3fr) minmax(240px, 2fr); }
.list { contain: strict; overflow-y: auto; overflow-x: hidden; position: relative; scrollbar-width: thin; outline-offset: -2px; overflow-anchor: none; }
.space { position: relative; }
.row {
  position: absolute;
  inset: 0 0 auto 0;
  height: 24px;
  display: grid;
  grid-template-columns: 92px 14px 92px 84px minmax(0, auto) minmax(60px, 1fr);
  gap: 0 10px;
  align-items: center;
  padding: 0 12px;
  font: 12px/24px var(--mono);
  white-space: nowrap;
  cursor: default;
}
.row > * { overflow: hidden; text-overflow: ellipsis; }
.row:hover { background: var(--soft); }
.row[aria-selected='true'] { background: color-mix(in srgb, var(--spark) 14%, var(--bg)); box-shadow: inset 3px 0 var(--spark); }
.row .time, .row .id, .row .text { color: var(--muted); }
.row .way { text-align: center; font-family: system-ui, sans-serif; }
.row[data-way='up'] .way { color: var(--up); }
.row[data-way='down'] .way { color: var(--down); }
.row[data-way='here'] .way, .row[data-way='here'] .tag { color: var(--spark); }
.row[data-way='here'] .tag { grid-column: 3 / 6; font-weight: 600; }
.row[data-way='here'] .id, .row[data-way='here'] .about { display: none; }
.row .tag { font-weight: 600; }
.row .about:empty + .text { margin-left: -10px; }
.list:focus-visible[aria-activedescendant] { outline: none; }
.list:focus-visible .row[aria-selected='true'] { outline: 2px solid var(--spark); outline-offset: -2px; }
.detailed .row { grid-template-columns: 14px 92px 84px minmax(0, auto) minmax(60px, 1fr); }
.detailed .row .time { display: none; }
.detailed .row[data-way='here'] .tag { grid-column: 2 / 5; }
.nothing { position: absolute; inset: 40% 20px auto; text-align: center; color: var(--muted); }
.newer { position: absolute; right: 18px; bottom: 14px; border-radius: 999px; background: var(--spark); border-color: var(--spark); color: var(--on-spark); box-shadow: 0 4px 14px rgb(0 0 0 / 0.2); }
.newer:hover { background: color-mix(in oklab, var(--spark) 86%, var(--text)); border-color: var(--spark); }

.detail { display: flex; flex-direction: column; min-height: 0; min-width: 0; border-left: 1px solid var(--line); }
.detail header { display: flex; align-items: center; gap: 8px; padding: 6px 8px 6px 12px; border-bottom: 1px solid var(--line); }
.detail header b { max-width: 60%; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.detail header button { padding: 2px 8px; font-size: 12px; }
.detail header .note { flex: 1; min-width: 0; }
.detail pre { flex: 1; margin: 0; padding: 8px 12px; overflow: auto; font: 12px/1.5 var(--mono); white-space: pre-wrap; overflow-wrap: anywhere; outline-offset: -2px; scrollbar-width: thin; }
.detail .name { color: var(--up); }
.detail .string { color: var(--down); }
.detail .value { color: var(--spark); }

@container (max-width: 1000px) {
  .split.detailed { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 1fr) minmax(0, 1fr); }
  .detail { border-left: 0; border-top: 1px solid var(--line); }
  .row, .detailed .row { grid-template-columns: 14px 84px minmax(0, auto) minmax(40px, 1fr); }
  .row .time, .row .id { display: none; }
  .row[data-way='here'] .tag, .detailed .row[data-way='here'] .tag { grid-column: 2 / 4; }
}
@container (max-width: 680px) {
  .body { grid-template-columns: minmax(0, 1fr); grid-template-rows: minmax(0, 2fr) minmax(0, 3fr); }
  .side { border-right: 0; border-bottom: 1px solid var(--line); }
  .tools { margin-left: 0; flex: 1 1 100%; }
  .tools .close { margin-left: auto; }
  .trip svg { display: none; }
}
@media (max-width: 680px) {
  :host { inset: auto 0 0 0 !important; }
  .launcher { margin: 0 12px 12px auto; }
  .panel { height: min(86vh, 720px); border-radius: 14px 14px 0 0; border-width: 1px 0 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .panel { animation: rise 0.16s ease-out; }
  .meter i { transition: transform 0.2s; }
  .rungs li::before { transition: background 0.2s, box-shadow 0.2s; }
}
@keyframes rise { from { opacity: 0; transform: translateY(10px); } }
@media (forced-colors: active) {
  .dot, .meter i { forced-color-adjust: none; }
  .row[aria-selected='true'] { outline: 2px solid; outline-offset: -2px; }
}
`;
