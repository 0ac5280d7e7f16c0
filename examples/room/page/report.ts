/** The doctor of this page: tries the whole way to the server, and shows what passes, what does not, and which lines cure it. */
import { diagnose, duration, print } from '@iskra/client/doctor';
import type { Finding, Lines, Report, Row } from '@iskra/client/doctor';
import { byId, make, mark, write } from './dom.js';
import { keep, recall } from './keep.js';
import { REALTIME } from './way.js';

/** How long a quiet connection is watched, ms: a moment, or longer than a heartbeat usually takes. */
const MOMENT = 3_000;
const LONG = 25_000;
/** What the rest of it takes where nothing is in the way, ms. */
const REST = 2_000;

const SIGNS: Record<Row['result'], string> = { pass: '✓', warn: '!', fail: '✕', skip: '–' };
const PROXIES: Record<keyof Lines, string> = { nginx: 'nginx', haproxy: 'HAProxy', apache: 'Apache' };

export function showReport(): void {
  const dialog = byId<HTMLDialogElement>('report');
  const summary = byId('report-summary');
  const body = byId('report-body');
  const longer = byId<HTMLInputElement>('report-longer');
  const again = byId<HTMLButtonElement>('report-again');
  const copy = byId<HTMLButtonElement>('report-copy');
  let running: AbortController | undefined;
  let last: Report | undefined;

  const examine = async (): Promise<void> => {
    running?.abort();
    const own = (running = new AbortController());
    const idle = longer.checked ? LONG : MOMENT;
    mark(dialog, 'data-state', 'running');
    body.setAttribute('aria-busy', 'true');
    write(
      summary,
      `Trying every transport, in both directions. It takes ${duration(idle + REST)}, and longer if something gives no answer.`,
    );
    try {
      last = await diagnose(REALTIME, { idle, signal: own.signal });
      mark(dialog, 'data-state', last.state);
      write(summary, last.summary);
      body.replaceChildren(...makeBody(last));
    } catch (error) {
      if (own !== running) return;
      mark(dialog, 'data-state', 'unreachable');
      write(summary, error instanceof Error ? error.message : 'it ended without a report');
    }
    if (own !== running) return;
    body.setAttribute('aria-busy', 'false');
    copy.disabled = last === undefined;
  };

  byId('examine').addEventListener('click', () => {
    dialog.showModal();
    again.focus();
    void examine();
  });
  again.addEventListener('click', () => void examine());
  byId('report-close').addEventListener('click', () => dialog.close());
  // A click beside it; those inside have another target.
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog) dialog.close();
  });
  dialog.addEventListener('close', () => {
    const ended = running;
    running = undefined;
    ended?.abort();
  });
  copy.addEventListener('click', () => {
    if (last !== undefined) copyText(copy, print(last, { width: 100, color: false }));
  });
}

function makeBody({ checks, findings }: Report): HTMLElement[] {
  const told = findings.map((finding, index) => makeFinding(finding, index, findings));
  if (findings.some(({ lines }) => lines !== undefined)) told.unshift(makeChoice());
  return [makeTable(checks), make('div', { class: 'findings', 'data-proxy': chosen() }, ...told)];
}

function makeTable(rows: readonly Row[]): HTMLElement {
  const head = ['Check', 'Result', 'Time', 'What was seen'].map((name) => make('th', { scope: 'col' }, name));
  const lines = rows.map(({ check, result, milliseconds, detail }) =>
    make(
      'tr',
      { 'data-testid': 'check', 'data-check': check, 'data-result': result },
      make('th', { scope: 'row' }, check),
      make('td', { class: 'result' }, make('span', { 'aria-hidden': 'true' }, SIGNS[result]), result),
      make('td', { class: 'time' }, milliseconds === undefined ? '' : duration(milliseconds)),
      make('td', { class: 'detail' }, detail),
    ),
  );
  return make('table', {}, make('thead', {}, make('tr', {}, ...head)), make('tbody', {}, ...lines));
}

function makeFinding(finding: Finding, index: number, all: readonly Finding[]): HTMLElement {
  const { code, checks, title, cure, lines } = finding;
  const first = all.findIndex((other) => lines !== undefined && other.lines === lines);
  return make(
    'section',
    { class: 'finding', 'data-testid': 'finding', 'data-code': code },
    make('h3', {}, `${index + 1}. ${title}`),
    make('p', { class: 'hint' }, `${code} · ${checks.join(' · ')}`),
    make('p', {}, cure),
    ...(lines === undefined
      ? []
      : first < index
        ? [make('p', { class: 'hint' }, `The lines are those of ${first + 1}.`)]
        : Object.entries(lines).map(([proxy, text]) => makeLines(proxy, text as string))),
  );
}

function makeLines(proxy: string, text: string): HTMLElement {
  const button = make('button', { type: 'button', class: 'quiet' }, 'Copy');
  button.addEventListener('click', () => copyText(button, text));
  const name = PROXIES[proxy as keyof Lines];
  return make(
    'div',
    { class: 'lines', 'data-for': proxy },
    make('pre', { tabindex: 0, 'aria-label': `Lines for ${name}`, 'data-testid': 'lines' }, text),
    button,
  );
}

const chosen = (): string => {
  const kept = recall('proxy');
  return kept !== undefined && kept in PROXIES ? kept : 'nginx';
};

/** One choice for all findings: who looks after one proxy does not look after three. */
function makeChoice(): HTMLElement {
  const options = Object.entries(PROXIES).map(([proxy, name]) => {
    const input = make('input', {
      type: 'radio',
      name: 'proxy',
      value: proxy,
      checked: proxy === chosen(),
      'data-testid': `lines-${proxy}`,
    });
    input.addEventListener('change', () => {
      keep('proxy', proxy);
      mark(input.closest('.findings')!, 'data-proxy', proxy);
    });
    return make('label', {}, input, name);
  });
  return make('fieldset', { class: 'choice' }, make('legend', {}, 'Lines for'), ...options);
}

function copyText(button: HTMLElement, text: string): void {
  const before = button.dataset['label'] ?? button.innerText;
  button.dataset['label'] = before;
  const tell = (what: string): void => {
    write(button, what);
    setTimeout(() => write(button, before), 1_600);
  };
  // Without HTTPS a browser on another machine has no clipboard.
  if (navigator.clipboard === undefined) return tell('No clipboard here');
  navigator.clipboard.writeText(text).then(
    () => tell('Copied'),
    () => tell('Not allowed'),
  );
}
