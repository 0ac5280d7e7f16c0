/** What the client notices, as ∆DΩΛ envelopes with their voices: newest first, bounded, each open to its JSON. */
import { raisedBy } from '@iskra/client';
import type { Client, Envelope, Voices } from '@iskra/client';
import type { contract } from '../contract.js';
import { byId, make, mark, write } from './dom.js';

const MOST = 60;
const LEVELS = ['', 'message', 'connection', 'session', 'node', 'cluster'];
const VOICES = ['pain', 'chaos', 'trust'] as const;

export function showEnvelopes(client: Client<typeof contract>): void {
  const list = byId('envelopes');
  const nothing = make('li', { class: 'empty' }, 'Nothing yet: it is quiet when all is well.');
  list.append(nothing);

  client.on('system', (envelope) => {
    nothing.remove();
    list.prepend(makeRow(envelope));
    while (list.children.length > MOST) list.lastElementChild?.remove();
  });

  const now = byId('voices');
  const bars = makeBars();
  const spoken = make('p', { class: 'spoken', 'data-testid': 'spoken' });
  now.append(bars.element, spoken);
  const refresh = (): void => {
    const { voices } = client.status;
    bars.show(voices);
    const heard = raisedBy(voices);
    spoken.replaceChildren(...heard.map(makeVoice));
    if (heard.length === 0) write(spoken, 'no voice is raised');
  };
  client.on('status', refresh);
  setInterval(refresh, 1_000);
  refresh();
}

const makeVoice = (voice: string): HTMLElement =>
  make('span', { class: 'voice', 'data-voice': voice.toLowerCase() }, voice);

function makeBars(): { element: HTMLElement; show(levels: Voices): void } {
  const bars = VOICES.map((voice) => {
    const fill = make('i');
    const bar = make(
      'span',
      { class: 'bar', 'data-voice': voice, role: 'img' },
      make('b', {}, voice),
      make('span', {}, fill),
    );
    return { voice, bar, fill };
  });
  return {
    element: make('div', { class: 'bars' }, ...bars.map(({ bar }) => bar)),
    show(levels) {
      for (const { voice, bar, fill } of bars) {
        const level = levels[voice];
        mark(bar, 'aria-label', `${voice} ${level.toFixed(2)}`);
        fill.style.setProperty('--level', String(level));
      }
    },
  };
}

function makeRow(envelope: Envelope): HTMLElement {
  const { delta, dimension, omega, lambda, fractal_metadata: voices } = envelope;
  const levels = {
    pain: voices?.voice_pain ?? 0,
    chaos: voices?.voice_chaos ?? 0,
    trust: voices?.voice_trust ?? 0,
  };
  const bars = makeBars();
  bars.show(levels);
  const summary = make(
    'summary',
    {},
    make('span', { class: 'delta' }, delta.replaceAll('_', ' ')),
    make('span', { class: 'when' }, new Date().toTimeString().slice(0, 8)),
    make(
      'span',
      { class: 'rest' },
      `D ${dimension} ${LEVELS[dimension] ?? ''} · Ω ${Math.round(omega * 100) / 100} · Λ ${lambda.replaceAll('_', ' ')}`,
    ),
    make(
      'span',
      { class: 'heard' },
      bars.element,
      make('span', { class: 'spoken' }, ...raisedBy(levels).map(makeVoice)),
    ),
  );
  const json = make('pre', { tabindex: 0 }, JSON.stringify(envelope, null, 2));
  return make('li', { 'data-testid': 'envelope', 'data-delta': delta }, make('details', {}, summary, json));
}
