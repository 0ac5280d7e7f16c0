/** The panel as a whole: in a shadow root of its own, closed to a button, and drawn a few times a second while it is open. */
import type { Client } from '../connect.js';
import type { Seam } from '../seam.js';
import { createBar } from './bar.js';
import { copied } from './copied.js';
import { createDetail } from './detail.js';
import { button, make, mark, write } from './dom.js';
import type { Frames } from './frames.js';
import { createLauncher } from './launcher.js';
import { createList } from './list.js';
import { reportOf } from './report.js';
import { isPressed } from './shortcut.js';
import { createSide } from './side.js';
import { sign } from './sign.js';
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
      bar.say(isPaused ? 'Paused: what comes now is not kept.' : 'Going on.');
    },
    { 'aria-pressed': 'false' },
  );
  const clear = (): void => {
    frames.clear();
    list.filter(find.value);
    bar.say('Cleared.');
  };
  const copy = (text: string): void =>
    void copied(text, root).then((done) =>
      bar.say(done ? 'Copied.' : 'This browser lets nothing be copied here.'),
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
  const bar = createBar(
    button('Cut', () => tellAll(watched.cut()), { title: 'Loses the connection that carries the session' }),
    pause,
    button('Clear', clear, { title: 'Forgets the frames' }),
    button('Copy JSON', () => copy(reportOf(client, seam, watched, frames)), {
      title: 'The session and the frames, without secrets',
    }),
    button('Close the devtools', () => toggle(), { class: 'close', title: 'Escape' }, sign('✕')),
  );
  const split = make('div', { class: 'split' }, list.element, detail.element);
  const panel = make(
    'section',
    { class: 'panel', role: 'dialog', 'aria-label': 'Iskra devtools', hidden: true },
    bar.element,
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
  const launcher = createLauncher(() => toggle(), shortcut);
  const all = make('div', { class: 'all' }, panel, launcher.element);
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
    const { status } = client;
    mark(all, 'data-state', status.state);
    mark(all, 'data-transport', status.transport);
    launcher.draw(status);
    if (!isOpen) return;
    bar.draw(status, watched.roundTrips);
    side.draw();
  }

  function show(isShown: boolean): void {
    if (isOpen === isShown) return;
    isOpen = isShown;
    panel.hidden = !isShown;
    launcher.element.hidden = isShown;
    clearInterval(looking);
    if (isShown) {
      looking = setInterval(look, LOOK);
      drawSoon();
    }
    bar.say('');
    look();
  }

  /** By whoever is there: the keyboard goes where the eye goes. */
  const toggle = (): void => {
    show(!isOpen);
    (isOpen ? list.element : launcher.element).focus();
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
