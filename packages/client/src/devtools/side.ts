/** What the session is, beside the frames: ladder, voices, channels, outbox, attempts. */
import { raisedBy, THRESHOLDS } from '@iskra/protocol/wire';
import type { Client } from '../connect.js';
import { cureOf } from '../cures.js';
import type { Explanation } from '../explain.js';
import type { Seam } from '../seam.js';
import type { TransportName } from '../transports/transport.js';
import { button, fit, make, mark, write } from './dom.js';
import { channelsOf, courseOf, rungsOf, sendsOf, span } from './look.js';
import type { RungRow } from './look.js';
import type { Watch } from './watch.js';

/** Rows of a list; how many more there are is said. */
const MOST = 50;
export interface Side {
  readonly element: HTMLElement;
  draw(): void;
}

export function createSide(
  client: Client,
  { session, clock }: Seam,
  watched: Watch,
  block: (transport: TransportName, isBlocked: boolean) => void,
): Side {
  const ladder = section('Transports', make('ol', { class: 'rungs' }));
  const voices = section('Voices', make('dl', { class: 'voices' }));
  const channels = section('Channels', make('ul', { class: 'lines' }));
  const outbox = section('Outbox', make('ul', { class: 'lines' }));
  const attempts = section('Attempts', make('ol', { class: 'lines' }));
  const parts = [ladder, voices, channels, outbox, attempts];
  const element = make(
    'div',
    { class: 'side', tabindex: 0, role: 'region', 'aria-label': 'Session' },
    ...parts.map((part) => part.element),
  );

  const drawLadder = (explained: Explanation, now: number): void => {
    const { current, why } = explained;
    const rows = rungsOf(explained, client.status, watched.blocked, now);
    const servers = new Set(rows.map(({ server }) => server)).size;
    ladder.say(why && current ? `why: ${why}` : '');
    fit(
      ladder.list,
      rows,
      () => rung(block),
      (line, row) => fillRung(line, row, servers > 1),
    );
  };

  const drawVoices = (): void => {
    const { voices: levels, quality } = client.status;
    const { pain, chaos, trust } = levels;
    const raised = raisedBy(levels);
    const loud = raised.filter((one) => one !== 'Celebration').map((one) => THRESHOLDS[one].voice);
    voices.say([quality, ...raised].join(' · '));
    fit(
      voices.list,
      Object.entries({ pain, chaos, trust }),
      meter,
      ({ children: [name, bar, value] }, [voice, level]) => {
        write(name!, voice);
        write(value!, level.toFixed(2));
        const scale = bar!.firstElementChild as HTMLElement;
        mark(scale, 'aria-label', voice);
        mark(scale, 'aria-valuenow', level.toFixed(2));
        mark(scale, 'class', loud.includes(voice as keyof typeof levels) ? 'meter bad' : 'meter');
        (scale.firstElementChild as HTMLElement).style.transform = `scaleX(${Math.min(1, level)})`;
      },
    );
  };

  const drawChannels = (): void => {
    const rows = channelsOf(session.cursors, watched.gaps, (name) => client.channel(name).members);
    channels.lines(rows, 'None is subscribed to.', ({ name, position: [epoch, offset], members, gaps }) => ({
      name: name === '@' ? '@ inbox' : name,
      right: String(offset),
      note: [members ? `${members} here` : '', gaps ? `${gaps} gap${gaps > 1 ? 's' : ''}` : '']
        .filter(Boolean)
        .join(' · '),
      isBad: gaps > 0,
      title: `epoch ${epoch}, offset ${offset}`,
    }));
  };

  const drawOutbox = (now: number): void => {
    const rows = sendsOf(session.outbox.sends.slice(0, MOST), watched.sinceOf, now);
    outbox.lines(
      rows,
      'Nothing waits.',
      ({ number, tag, about, state, age, bytes }) => ({
        name: `#${number} ${tag} ${about}`,
        right: `${state}${age === undefined ? '' : ` ${span(age)}`}`,
        note: '',
        isBad: (age ?? 0) > 5_000,
        title: `${bytes} bytes`,
      }),
      session.outbox.sends.length,
    );
  };

  const drawAttempts = (explained: Explanation, now: number): void => {
    attempts.lines([...explained.attempts].reverse(), 'None yet.', (one) => ({
      name: one.role === 'race' ? one.id : `${one.id} · ${one.role}`,
      right: one.verdict ?? (one.endedAt === undefined ? 'open' : ''),
      note: [courseOf(one, now), one.detail].filter(Boolean).join(' · '),
      isBad: one.cure !== undefined,
      title: cureOf(one.verdict) ?? '',
    }));
  };

  return {
    element,
    draw() {
      const now = clock.now();
      const explained = client.explain();
      drawLadder(explained, now);
      drawVoices();
      drawChannels();
      drawOutbox(now);
      drawAttempts(explained, now);
    },
  };
}

interface Line {
  name: string;
  right: string;
  note: string;
  isBad: boolean;
  title: string;
}

function section(title: string, list: HTMLElement) {
  const said = make('span');
  const empty = make('p', { class: 'empty', hidden: true });
  const id = `iskra-${title.toLowerCase()}`;
  list.setAttribute('aria-labelledby', id);
  const say = (text: string): void => write(said, text);
  return {
    element: make('section', {}, make('h3', { id }, title, said), list, empty),
    list,
    say,
    lines<Row>(rows: readonly Row[], without: string, lineOf: (row: Row) => Line, count = rows.length): void {
      say(count > 0 ? String(count) : '');
      empty.hidden = count === 0 ? false : count <= MOST;
      write(empty, count === 0 ? without : `and ${count - MOST} more`);
      fit(list, rows.slice(0, MOST), line, (element, row) => {
        const { name, right, note, isBad, title } = lineOf(row);
        const [first, second, third] = element.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
        write(first, name);
        write(second, right);
        write(third, note);
        third.hidden = note === '';
        mark(second, 'class', isBad ? 'right bad' : 'right');
        mark(element, 'title', title || undefined);
      });
    },
  };
}

const line = (): HTMLElement =>
  make('li', {}, make('b'), make('span', { class: 'right' }), make('span', { class: 'note' }));

const meter = (): HTMLElement =>
  make(
    'div',
    {},
    make('dt'),
    make(
      'dd',
      {},
      make('div', { class: 'meter', role: 'meter', 'aria-valuemin': 0, 'aria-valuemax': 1 }, make('i')),
    ),
    make('dd'),
  );

/** Which transport it is, is in the element: buttons stay, whatever is drawn. */
function rung(block: (transport: TransportName, isBlocked: boolean) => void): HTMLElement {
  const toggle: HTMLButtonElement = button('Block', () =>
    block(element.dataset.transport as TransportName, toggle.getAttribute('aria-pressed') !== 'true'),
  );
  const element = make(
    'li',
    {},
    make('div', { class: 'what' }, make('b'), make('p', { class: 'note' }), make('p', { class: 'cure' })),
    toggle,
  );
  return element;
}

function fillRung(element: HTMLElement, row: RungRow, isOfMany: boolean): void {
  const { transport, server, state, verdict, left, attempts } = row;
  const [what, toggle] = element.children as unknown as [HTMLElement, HTMLElement];
  const isBlocked = state === 'blocked';
  mark(element, 'data-transport', transport);
  mark(element, 'data-state', state);
  const [name, said, cure] = what!.children as unknown as [HTMLElement, HTMLElement, HTMLElement];
  write(name, transport);
  const note = [
    state === 'carries' ? 'carries the session' : state,
    state === 'carries' ? '' : verdict,
    left > 0 && !isBlocked ? `for ${span(left)}` : '',
    attempts > 1 && !isBlocked ? `${attempts} attempts` : '',
    isOfMany ? new URL(server).host : '',
  ];
  write(said, note.filter(Boolean).join(' · '));
  // Who has blocked it knows the cure.
  write(cure, (state !== 'carries' && !isBlocked && cureOf(verdict)) || '');
  cure.hidden = cure.textContent === '';
  write(toggle, isBlocked ? 'Unblock' : 'Block');
  mark(toggle, 'aria-pressed', String(isBlocked));
  mark(toggle, 'aria-label', `Block ${transport}`);
}
