/** One frame whole: its JSON, in colours. */
import { button, make, write } from './dom.js';
import type { Row } from './frames.js';
import { momentOf } from './list.js';

/** Characters that are coloured; a longer one is shown as far as that. */
const MOST = 20_000;

export interface Detail {
  readonly element: HTMLElement;
  show(row: Row | undefined): void;
}

export function createDetail(copy: (text: string) => void, close: () => void): Detail {
  const title = make('b');
  const note = make('span', { class: 'note' });
  const code = make('pre', { tabindex: 0, role: 'region', 'aria-label': 'The frame as JSON' });
  let shown: Row | undefined;
  const element = make(
    'section',
    { class: 'detail', 'aria-label': 'Frame', hidden: true },
    make(
      'header',
      {},
      title,
      note,
      button('Copy', () => copy(JSON.stringify(shown?.frame, null, 2)), { 'aria-label': 'Copy this frame' }),
      button('Close this frame', close, {}, document.createTextNode('✕')),
    ),
    code,
  );
  return {
    element,
    show(row) {
      element.hidden = !row;
      if (!row || row === shown) return;
      shown = row;
      write(title, row.tag);
      write(note, momentOf(row));
      code.replaceChildren(...coloured(JSON.stringify(row.frame, null, 2)));
      code.scrollTop = 0;
    },
  };
}

/** Names, texts, and other values; what is between them stays as it is. */
const TOKEN = /("(?:[^"\\]|\\.)*")(\s*:)?|\b(?:true|false|null|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)\b/g;

function coloured(json: string): Node[] {
  const text = json.slice(0, MOST);
  const nodes: (Node | string)[] = [];
  let at = 0;
  for (const found of text.matchAll(TOKEN)) {
    const [whole, string, colon = ''] = found;
    nodes.push(text.slice(at, found.index));
    nodes.push(
      make('span', { class: string ? (colon ? 'name' : 'string') : 'value' }, string ?? whole),
      colon,
    );
    at = found.index + whole.length;
  }
  nodes.push(text.slice(at));
  if (json.length > MOST) nodes.push(`\n… ${json.length - MOST} more characters; Copy has all of them.`);
  return nodes.map((one) => (typeof one === 'string' ? document.createTextNode(one) : one));
}
