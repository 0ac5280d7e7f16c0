/** The four rungs: which one is live, what is held against the others, and a switch that blocks each. */
import type { Client, TransportName } from '@iskra/client';
import { cureOf } from '@iskra/client/cures';
import type { contract } from '../contract.js';
import { byId, make, mark, spark, write } from './dom.js';
import { judge, NAMES, ORDER } from './transports.js';
import { block } from './way.js';
import type { Blockable } from './way.js';

interface Rung {
  readonly transport: TransportName;
  readonly item: HTMLElement;
  readonly verdict: HTMLElement;
  readonly more: HTMLElement;
  readonly button: HTMLButtonElement | undefined;
}

export function showLadder(client: Client<typeof contract>): void {
  const list = byId('ladder');
  const rungs = ORDER.map(makeRung);
  const flame = make('li', { class: 'flame', role: 'presentation', 'aria-hidden': 'true' }, spark());
  list.append(flame, ...rungs.map(({ item }) => item));

  const refresh = (): void => {
    const explanation = client.explain();
    const now = performance.now();
    let live = -1;
    rungs.forEach((rung, index) => {
      const { mood, text, code, cure } = judge(rung.transport, explanation, now);
      if (mood === 'live') live = index;
      mark(rung.item, 'data-mood', mood);
      mark(rung.item, 'data-live', String(mood === 'live'));
      mark(rung.item, 'aria-current', mood === 'live' ? 'true' : undefined);
      mark(rung.item, 'data-verdict', code);
      write(rung.verdict, text);
      const mend = mood === 'blamed' ? cureOf(cure) : undefined;
      write(rung.more, mend === undefined ? NAMES[rung.transport].how : `Cure: ${mend}`);
    });
    mark(flame, 'data-on', String(live >= 0));
    if (live >= 0) flame.style.setProperty('--at', String(live));
  };

  const press = async (rung: Rung): Promise<void> => {
    const { button } = rung;
    if (button === undefined) return;
    const wish = button.getAttribute('aria-pressed') !== 'true';
    button.setAttribute('aria-busy', 'true');
    try {
      const blocked = await block(rung.transport as Blockable, wish);
      for (const one of rungs) showBlocked(one, blocked.includes(one.transport as Blockable));
    } catch {
      write(rung.verdict, 'the switch itself did not answer');
    }
    button.removeAttribute('aria-busy');
  };
  for (const rung of rungs) rung.button?.addEventListener('click', () => void press(rung));

  client.on('transport', () => {
    refresh();
    flame.classList.remove('leap');
    void flame.getBoundingClientRect();
    flame.classList.add('leap');
  });
  client.on('status', refresh);
  setInterval(refresh, 300);
  refresh();
}

function makeRung(transport: TransportName): Rung {
  const { name, short } = NAMES[transport];
  const verdict = make('p', { class: 'verdict', 'data-testid': `verdict-${transport}` });
  const more = make('p', { class: 'more' });
  const button =
    transport === 'polling'
      ? undefined
      : make(
          'button',
          {
            type: 'button',
            class: 'block',
            'aria-pressed': 'false',
            'aria-label': `Block ${short} on the way`,
            'data-testid': `block-${transport}`,
          },
          'Block',
        );
  const item = make(
    'li',
    {
      class: 'rung',
      'data-testid': 'rung',
      'data-transport': transport,
      'data-live': 'false',
      'data-blocked': 'false',
    },
    make('h3', {}, name),
    button ?? make('span', { class: 'always' }, 'always open'),
    verdict,
    more,
  );
  return { transport, item, verdict, more, button };
}

function showBlocked({ item, button }: Rung, blocked: boolean): void {
  mark(item, 'data-blocked', String(blocked));
  if (button === undefined) return;
  mark(button, 'aria-pressed', String(blocked));
  write(button, blocked ? 'Blocked' : 'Block');
}
