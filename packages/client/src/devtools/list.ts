/**
 * The list of frames: only the rows that are seen are in the document. It follows what comes, until somebody chooses a row or
 * scrolls up; then it stands still, and says how much is new.
 */
import { button, make, mark, write } from './dom.js';
import type { Frames, Row } from './frames.js';

/** As in the style, px. */
const HEIGHT = 24;
const SIGNS = { up: '↑', down: '↓', here: '◆' } as const;
const WORDS = { up: 'sent', down: 'received', here: 'event' } as const;

interface Line {
  readonly element: HTMLElement;
  readonly cells: readonly HTMLElement[];
  row?: Row | undefined;
}

export interface List {
  readonly element: HTMLElement;
  readonly newer: HTMLElement;
  readonly nothing: HTMLElement;
  /** How many there are, of those that are looked for. */
  readonly length: number;
  readonly selected: Row | undefined;
  filter(text: string): void;
  select(row: Row | undefined): void;
  /** Shows what is there now. */
  draw(): void;
}

/** `changed`: there is something to draw. */
export function createList(frames: Frames, changed: () => void): List {
  const space = make('div', { class: 'space' });
  const element = make(
    'div',
    { class: 'list', role: 'listbox', tabindex: 0, 'aria-label': 'Frames, the newest last' },
    space,
  );
  const newer = button('', () => follow(), { class: 'newer', hidden: true });
  const nothing = make('p', { class: 'nothing' });
  const lines: Line[] = [];
  let rows: Row[] = [];
  let selected: Row | undefined;
  let following = true;
  /** Whether the chosen row has still to be brought into sight. */
  let isToSee = false;
  let wanted = '';
  /** How many messages there had been when it stood still. */
  let stoodAt = 0;

  const isAtEnd = (): boolean => element.scrollTop + element.clientHeight >= element.scrollHeight - HEIGHT;
  const page = (): number => Math.max(1, Math.floor(element.clientHeight / HEIGHT) - 1);

  function follow(): void {
    following = true;
    selected = undefined;
    changed();
  }

  const stand = (): void => {
    if (following) stoodAt = frames.count;
    following = false;
  };

  const reveal = (top: number): void => {
    isToSee = false;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + HEIGHT > element.scrollTop + element.clientHeight)
      element.scrollTop = top + HEIGHT - element.clientHeight;
  };

  /** Chooses the row at this place. */
  const choose = (place: number): void => {
    const row = rows[Math.max(0, Math.min(rows.length - 1, place))];
    if (!row) return;
    stand();
    selected = row;
    isToSee = true;
    changed();
  };

  element.addEventListener('scroll', () => {
    if (!isAtEnd()) stand();
    else if (!selected) following = true;
    changed();
  });
  element.addEventListener('click', ({ target }) => {
    const line = lines.find((one) => one.element.contains(target as Node));
    if (line?.row) choose(rows.indexOf(line.row));
  });
  element.addEventListener('keydown', (event) => {
    const at = selected ? rows.indexOf(selected) : rows.length;
    const moves: Partial<Record<string, () => void>> = {
      ArrowDown: () => choose(selected ? at + 1 : at),
      ArrowUp: () => choose(at - 1),
      PageDown: () => choose(at + page()),
      PageUp: () => choose(at - page()),
      Home: () => choose(0),
      End: follow,
    };
    const move = moves[event.key];
    if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    move();
  });

  const lineAt = (at: number): Line => {
    const made = lines[at];
    if (made) return made;
    const cells = ['time', 'way', 'id', 'tag', 'about', 'text'].map((name) => make('span', { class: name }));
    const line = { element: make('div', { class: 'row', role: 'option' }, ...cells), cells };
    space.append(line.element);
    lines.push(line);
    return line;
  };

  const fill = (line: Line, row: Row, place: number): void => {
    line.element.style.transform = `translateY(${place * HEIGHT}px)`;
    mark(line.element, 'aria-posinset', String(place + 1));
    mark(line.element, 'aria-setsize', String(rows.length));
    mark(line.element, 'aria-selected', String(row === selected));
    if (line.row === row) return;
    line.row = row;
    line.element.id = `row-${row.number}`;
    mark(line.element, 'data-way', row.way);
    const { at, way, id, tag, about, text } = row;
    [timeOf(at), SIGNS[way], id, tag, about, text].forEach((what, cell) => write(line.cells[cell]!, what));
    mark(line.element, 'aria-label', `${WORDS[way]} ${tag} ${about}`);
  };

  /** Lines without a row are not seen, and are nobody's. */
  const rest =
    (count: number) =>
    (line: Line, at: number): void => {
      line.element.hidden = at >= count;
      if (at < count) return;
      line.row = undefined;
      line.element.removeAttribute('id');
    };

  return {
    element,
    newer,
    nothing,
    get length() {
      return rows.length;
    },
    get selected() {
      return selected;
    },
    filter(text) {
      wanted = text;
      follow();
    },
    select(row) {
      selected = row;
      if (!row && isAtEnd()) following = true;
      changed();
    },
    draw() {
      if (following) rows = frames.rows(wanted);
      space.style.height = `${rows.length * HEIGHT}px`;
      if (following) element.scrollTop = rows.length * HEIGHT;
      else if (isToSee && selected) reveal(rows.indexOf(selected) * HEIGHT);
      const first = Math.max(0, Math.floor(element.scrollTop / HEIGHT) - 1);
      const shown = rows.slice(first, first + Math.ceil(element.clientHeight / HEIGHT) + 2);
      shown.forEach((row, at) => fill(lineAt(at), row, first + at));
      lines.forEach(rest(shown.length));
      mark(
        element,
        'aria-activedescendant',
        selected && shown.includes(selected) ? `row-${selected.number}` : undefined,
      );
      const late = following ? 0 : frames.count - stoodAt;
      newer.hidden = late === 0;
      if (late > 0) write(newer, `↓ ${late} new`);
      nothing.hidden = rows.length > 0;
      if (rows.length === 0)
        write(nothing, wanted ? 'No frame has this in it.' : 'What comes and goes is shown here.');
    },
  };
}

/** `14:03:07.123` */
function timeOf(at: number): string {
  const two = (part: number): string => String(part).padStart(2, '0');
  const date = new Date(at);
  const ms = String(date.getMilliseconds()).padStart(3, '0');
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`;
}

/** When a frame came or went, for its detail. */
export const momentOf = ({ at, way, id }: Row): string =>
  [WORDS[way], id, timeOf(at)].filter(Boolean).join(' · ');
