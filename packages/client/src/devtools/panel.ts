/** The panel as a whole: in a shadow root of its own, closed to a button, and drawn a few times a second while it is open. */
import type { Client } from '../connect.js';
import type { Seam } from '../seam.js';
import { copied } from './copied.js';
import { createDetail } from './detail.js';
import { button, draw, make, mark, write } from './dom.js';
import type { Frames } from './frames.js';
import { createList } from './list.js';
import { channelsOf, sendsOf, span } from './look.js';
import { isPressed } from './shortcut.js';
import { createSide } from './side.js';
import { STYLE } from './style.js';
import type { Watch } from './watch.js';

export interface PanelOptions {
  open: boolean;
  /** Empty for none. */
  shortcut: string;
}

export interface Panel {
  /** Something has happened. */
  changed(): void;
  /** Whether frames are let be as they are. */
  readonly paused: boolean;
  remove(): void;
}

/** Between two looks at the session, ms: what is beside the frames is read by people. */
const LOOK = 250;
/** How long frames that came may wait for each other until they are shown, ms. */
const TOGETHER = 100;
/** As on the site. */
const SPARK =
  'M14 6c.8 7.5 3.5 10.2 11 11-7.5.8-10.2 3.5-11 11-.8-7.5-3.5-10.2-11-11 7.5-.8 10.2-3.5 11-11z' +
  'M25 4c.3 2.7 1.3 3.7 4 4-2.7.3-3.7 1.3-4 4-.3-2.7-1.3-3.7-4-4 2.7-.3 3.7-1.3 4-4z';

export function createPanel(
  client: Client,
  seam: Seam,
  watched: Watch,
  frames: Frames,
  { open, shortcut }: PanelOptions,
): Panel {
  let isOpen = false;
  let isPaused = false;
  let isDue = false;
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let looking: ReturnType<typeof setInterval> | undefined;

  const host = document.createElement('iskra-devtools');
  const root = host.attachShadow({ mode: 'open' });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];

  // ─── What can be done ─────────────────────────────────────────────────────

  const tellAll = (events: ReturnType<Watch['cut']>): void => {
    events.forEach(seam.tell);
    look();
  };
  const pause = button(
    'Pause',
    () => {
      isPaused = !isPaused;
      mark(pause, 'aria-pressed', String(isPaused));
      say(isPaused ? 'Paused: what comes now is not kept.' : 'Going on.');
    },
    { 'aria-pressed': 'false' },
  );
  const clear = (): void => {
    frames.clear();
    list.filter(find.value);
    say('Cleared.');
  };
  const copy = (text: string): void =>
    void copied(text, root).then((done) =>
      say(done ? 'Copied.' : 'This browser lets nothing be copied here.'),
    );

  // ─── What is there ────────────────────────────────────────────────────────

  const list = createList(frames, () => drawSoon());
  const side = createSide(client, seam, watched, (transport, isBlocked) =>
    tellAll(watched.block(transport, isBlocked)),
  );
  const detail = createDetail(copy, () => {
    list.select(undefined);
    list.element.focus();
  });
  const find = make('input', {
    type: 'search',
    placeholder: 'Filter, as in: room:1 -ping -pong',
    'aria-label': 'Show only frames with these words, and without those behind a minus',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  find.addEventListener('input', () => list.filter(find.value));
  const count = make('span');
  const said = make('span', { class: 'said', role: 'status' });
  const stateText = make('span');
  const carrier = make('span', { class: 'carrier' });
  const state = make(
    'div',
    { class: 'state', role: 'status' },
    make('i', { class: 'dot' }),
    stateText,
    carrier,
  );
  const line = draw('polyline');
  const trip = make('span');
  const split = make('div', { class: 'split' }, list.element, detail.element);
  const panel = make(
    'section',
    { class: 'panel', role: 'dialog', 'aria-label': 'Iskra devtools', hidden: true },
    make(
      'header',
      { class: 'bar' },
      make('h2', { class: 'brand' }, spark(), 'Iskra'),
      state,
      make(
        'div',
        { class: 'trip', title: 'Round trip, and the last 60 of them' },
        trip,
        draw('svg', { viewBox: '0 0 84 18', preserveAspectRatio: 'none', 'aria-hidden': 'true' }, line),
      ),
      said,
      make(
        'div',
        { class: 'tools' },
        button('Cut', () => tellAll(watched.cut()), {
          title: 'Loses the connection that carries the session',
        }),
        pause,
        button('Clear', clear, { title: 'Forgets the frames' }),
        button('Copy JSON', () => copy(report()), { title: 'The session and the frames, without secrets' }),
        button('Close the devtools', () => toggle(), { class: 'close', title: 'Escape' }, sign('✕')),
      ),
    ),
    make(
      'div',
      { class: 'body' },
      side.element,
      make(
        'div',
        { class: 'main' },
        make('div', { class: 'find' }, find, count),
        split,
        list.nothing,
        list.newer,
      ),
    ),
  );
  const launched = make('span');
  const launcher = button(
    'Iskra devtools',
    () => toggle(),
    {
      class: 'launcher',
      'aria-haspopup': 'dialog',
      'aria-keyshortcuts': shortcut || undefined,
      title: shortcut,
    },
    spark(),
    make('i', { class: 'dot' }),
    launched,
  );
  const all = make('div', { class: 'all' }, panel, launcher);
  root.append(all);

  // ─── How it is shown ──────────────────────────────────────────────────────

  /** Nobody reads a thousand rows a second. */
  function changed(): void {
    if (!isOpen || waiting !== undefined) return;
    waiting = setTimeout(() => {
      waiting = undefined;
      drawSoon();
    }, TOGETHER);
  }

  function drawSoon(): void {
    if (!isOpen || isDue) return;
    isDue = true;
    requestAnimationFrame(() => {
      isDue = false;
      if (!isOpen) return;
      // First: it takes room from the list.
      detail.show(list.selected);
      split.classList.toggle('detailed', list.selected !== undefined);
      list.draw();
      write(count, `${list.length} frame${list.length === 1 ? '' : 's'}`);
    });
  }

  /** The session as it is now. */
  function look(): void {
    const { state: now, transport, roundTrip, quality } = client.status;
    mark(all, 'data-state', now);
    mark(all, 'data-transport', transport);
    write(
      launched,
      [now === 'connected' ? transport : now, roundTrip && span(roundTrip)].filter(Boolean).join(' · '),
    );
    if (!isOpen) return;
    write(stateText, now);
    write(carrier, transport ? `over ${transport}` : '');
    write(trip, [roundTrip === undefined ? '' : span(roundTrip), quality].filter(Boolean).join(' · '));
    mark(line, 'points', pointsOf(watched.roundTrips));
    side.draw();
  }

  function say(what: string): void {
    write(said, what);
  }

  function show(isShown: boolean): void {
    if (isOpen === isShown) return;
    isOpen = isShown;
    panel.hidden = !isShown;
    launcher.hidden = isShown;
    clearInterval(looking);
    if (isShown) {
      looking = setInterval(look, LOOK);
      drawSoon();
    }
    say('');
    look();
  }

  /** By whoever is there: the keyboard goes where the eye goes. */
  const toggle = (): void => {
    show(!isOpen);
    (isOpen ? list.element : launcher).focus();
  };

  const report = (): string => {
    const now = seam.clock.now();
    const { session } = seam;
    return JSON.stringify(
      {
        status: client.status,
        explain: client.explain(),
        blocked: [...watched.blocked],
        channels: channelsOf(session.cursors, watched.gaps, (name) => client.channel(name).members),
        outbox: sendsOf(session.outbox.sends, watched.sinceOf, now),
        roundTrips: watched.roundTrips,
        frames: frames
          .rows()
          .map(({ at, way, id, frame }) => ({ at: new Date(at).toISOString(), way, id, frame })),
      },
      null,
      2,
    );
  };

  // ─── Keys ─────────────────────────────────────────────────────────────────

  const hear = (event: KeyboardEvent): void => {
    if (!isPressed(shortcut, event)) return;
    event.preventDefault();
    toggle();
  };
  panel.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return;
    event.preventDefault();
    if (find === root.activeElement && find.value) {
      find.value = '';
      list.filter('');
    } else toggle();
  });
  // Keys that the page listens to are not meant here, and Escape would close something of the page as well.
  for (const name of ['keydown', 'keyup', 'keypress'] as const)
    all.addEventListener(name, (event) => {
      if (!isPressed(shortcut, event)) event.stopPropagation();
    });
  addEventListener('keydown', hear);
  const offs = [client.on('status', look), client.on('transport', look)];

  // Not in the body: a framework may take that for its own.
  document.documentElement.append(host);
  show(open);
  look();

  return {
    changed,
    get paused() {
      return isPaused;
    },
    remove() {
      isOpen = false;
      clearInterval(looking);
      clearTimeout(waiting);
      removeEventListener('keydown', hear);
      for (const off of offs) off();
      host.remove();
    },
  };
}

const spark = (): SVGElement =>
  draw('svg', { viewBox: '2 3 28 26', 'aria-hidden': 'true' }, draw('path', { d: SPARK }));

const sign = (text: string): HTMLElement => make('span', { 'aria-hidden': 'true' }, text);

/** The samples as a line, 84 wide and 18 high, the longest at the top. */
function pointsOf(samples: readonly number[]): string {
  const most = Math.max(1, ...samples);
  const step = 84 / Math.max(1, samples.length - 1);
  return samples
    .map((sample, at) => `${(at * step).toFixed(1)},${(17 - (sample / most) * 16).toFixed(1)}`)
    .join(' ');
}
