/** What was said, in the order of the log; own messages that are still on their way stand at its end. */
import type { Gap, Send } from '@iskra/client';
import { SendError } from '@iskra/client';
import { byId, make, mark, write } from './dom.js';

const MOST = 200;
const SHOWN = 600;

const STATES = {
  queued: ['◌', 'queued'],
  sent: ['↑', 'sent'],
  acknowledged: ['✓', 'acknowledged'],
  rejected: ['✕', 'rejected'],
  unknown: ['?', 'outcome unknown'],
} as const;

interface Said {
  text: string;
  author: string;
}

export interface Messages {
  /** A message of this page that was just sent. */
  sent(mark: string, said: Said, send: Send): void;
  /** An entry of the log. */
  arrived(said: Said, offset: number, mark: string | undefined): void;
  gap(gap: Gap): void;
  /** Another room: nothing is shown of the last one. */
  clear(): void;
  /** The history is here; what comes now is new. */
  ready(): void;
}

export function createMessages(): Messages {
  const list = byId('messages');
  /** Own messages that the log has not shown yet, oldest first. */
  const pending = new Map<string, HTMLElement>();
  /** Own messages whose end is not known yet. */
  const unsettled = new Map<Send, HTMLElement>();

  const place = (item: HTMLElement): void => {
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60;
    const [firstPending] = pending.values();
    if (item !== firstPending) list.insertBefore(item, firstPending ?? null);
    else if (!item.isConnected) list.append(item);
    while (list.children.length > MOST) list.firstElementChild?.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  };

  // The client tells when a send ends, not when it leaves: that is looked at.
  setInterval(() => {
    for (const [send, item] of unsettled) showState(item, send.state);
  }, 60);

  return {
    sent(own, said, send) {
      const item = makeMessage(said, true);
      showState(item, send.state);
      list.append(item);
      pending.set(own, item);
      unsettled.set(send, item);
      list.scrollTop = list.scrollHeight;
      const settle = (error?: unknown): void => {
        unsettled.delete(send);
        showState(item, error === undefined ? 'acknowledged' : send.state, reason(error));
        if (error !== undefined) pending.delete(own);
      };
      send.settled.then(() => settle(), settle);
    },
    arrived(said, offset, own) {
      const known = own === undefined ? undefined : pending.get(own);
      const item = known ?? makeMessage(said, false);
      place(item);
      if (own !== undefined) pending.delete(own);
      item.dataset['n'] = String(offset);
      write(item.querySelector('.offset')!, `#${offset}`);
    },
    gap({ reason: why, was, now }) {
      const text =
        why === 'trimmed' && was[0] === now[0]
          ? `${now[1] - was[1]} older messages are no longer kept`
          : `some messages can no longer be delivered (${why})`;
      place(make('li', { class: 'gap', 'data-testid': 'gap' }, text));
    },
    clear() {
      pending.clear();
      unsettled.clear();
      list.setAttribute('aria-busy', 'true');
      list.replaceChildren();
    },
    ready() {
      list.setAttribute('aria-busy', 'false');
    },
  };
}

function makeMessage({ text, author }: Said, own: boolean): HTMLElement {
  const shown = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  const item = make(
    'li',
    { class: 'message', 'data-testid': 'message', 'data-own': String(own) },
    make('span', { class: 'author' }, author),
    make('span', { class: 'offset' }),
    make('p', { class: 'text', dir: 'auto' }, shown),
    ...(own ? [make('p', { class: 'state', 'data-testid': 'message-state' })] : []),
  );
  item.style.setProperty('--hue', String(hueOf(author)));
  if (author === 'iskra') item.dataset['house'] = 'true';
  return item;
}

function showState(item: HTMLElement, state: keyof typeof STATES, detail = ''): void {
  const line = item.querySelector('.state');
  if (line === null) return;
  const [sign, word] = STATES[state];
  mark(item, 'data-state', state);
  write(line, `${sign} ${word}${detail && ` — ${detail}`}`);
}

function reason(error: unknown): string {
  if (error instanceof SendError) return error.message;
  return error instanceof Error ? error.message : '';
}

/** A name always has the same colour. */
export function hueOf(name: string): number {
  let hash = 7;
  for (const character of name) hash = (hash * 31 + character.codePointAt(0)!) % 3_600;
  return hash % 360;
}
