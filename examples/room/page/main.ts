/** The page: one client, a room by the address's hash, and the parts that show what goes on. */
import { connect } from '@iskra/client';
import type { contract } from '../contract.js';
import { byId, make, mark, pick, randomId, write } from './dom.js';
import { showEnvelopes } from './envelopes.js';
import { showLadder } from './ladder.js';
import { createMessages } from './messages.js';
import { showNumbers } from './numbers.js';
import { showPeople } from './people.js';
import { showPlot } from './plot.js';
import { showReport } from './report.js';
import { NAMES } from './transports.js';
import { REALTIME } from './way.js';

const HISTORY = 50;
const LONGEST = 500;

// Short times, so that stepping down and up again can be watched; the defaults are calmer.
const client = connect<typeof contract>(REALTIME, {
  probe: [3_000],
  reconnect: { min: 200, max: 3_000 },
  poll: { min: 400, max: 1_200 },
  patience: 3_000,
  // On a busy machine the first answer may take a while; that is no reason to try two at once.
  stagger: 1_000,
  pingInterval: 2_000,
});

// For the curious: `iskra.explain()` in the console.
Object.assign(globalThis, { iskra: client });

const messages = createMessages();
const people = showPeople(client);
const numbers = showNumbers(client);
showLadder(client);
showPlot(client);
showEnvelopes(client);
showReport();
showStatus();

let leave = (): void => {};
function enter(): void {
  leave();
  const id = /^[a-z0-9-]{1,40}$/.exec(location.hash.slice(1).toLowerCase())?.[0] ?? 'lobby';
  if (location.hash !== `#${id}`) history.replaceState(null, '', `#${id}`);
  document.title = `#${id} · Iskra`;
  write(byId('room-title'), `#${id}`);
  byId<HTMLAnchorElement>('another').hash = `${pick(['ember', 'flint', 'comet', 'beacon'])}-${randomId(3)}`;

  const room = client.channel(`room:${id}`);
  const counted = client.channel(`room:${id}~numbers`);
  messages.clear();
  const offs = [
    room.on('said', (said, { position }) => messages.arrived(said, position[1], said.mark)),
    room.onGap((gap) => messages.gap(gap)),
  ];
  numbers.enter(counted);
  people.enter(client.channel(`room:${id}~here`));
  counted.subscribe().catch(() => {});
  room.subscribe({ last: HISTORY }).then(
    // The history comes right behind the answer.
    () => setTimeout(messages.ready, 300),
    () => {},
  );

  say = (text) => {
    const said = { text, author: people.name, mark: randomId(10) };
    messages.sent(said.mark, said, room.publish('said', said));
  };
  leave = () => {
    for (const off of offs) off();
    room.unsubscribe().catch(() => {});
    counted.unsubscribe().catch(() => {});
  };
}

let say: (text: string) => void = () => {};
addEventListener('hashchange', enter);
enter();

const field = byId<HTMLInputElement>('text');
byId('composer').addEventListener('submit', (event) => {
  event.preventDefault();
  if (field.value.trim() === '') return;
  say(field.value);
  field.value = '';
  count();
});
// Over the limit is allowed here: the server names the field, and that is worth seeing.
const count = (): void => {
  const { length } = field.value;
  write(byId('count'), length > LONGEST - 100 ? `${length} of ${LONGEST}` : '');
  mark(byId('count'), 'data-over', String(length > LONGEST));
};
field.addEventListener('input', count);

byId('too-long').addEventListener('click', () => say('spark '.repeat(90)));

byId('share').addEventListener('click', () => {
  const button = byId('share');
  const tell = (text: string): void => {
    write(button, text);
    setTimeout(() => write(button, 'Copy link'), 1_600);
  };
  // Without HTTPS a browser on another machine has no clipboard.
  if (navigator.clipboard === undefined) return tell('It is in the address bar');
  navigator.clipboard.writeText(location.href).then(
    () => tell('Copied'),
    () => tell('It is in the address bar'),
  );
});

byId('ask').addEventListener('click', () => {
  const asked = performance.now();
  const answer = byId('answer');
  write(answer, '…');
  client.request('time', {}).then(
    ({ now }) => {
      const took = Math.round(performance.now() - asked);
      const { transport } = client.status;
      write(
        answer,
        `${now.slice(11, 23)} UTC, in ${took} ms${transport ? ` over ${NAMES[transport].short}` : ''}`,
      );
    },
    (error: unknown) => write(answer, error instanceof Error ? error.message : 'no answer'),
  );
});

function showStatus(): void {
  const line = byId('status');
  const words = make('span', { class: 'words' });
  const over = make('span');
  line.replaceChildren(words, over);
  const WORDS = {
    connecting: 'Connecting…',
    connected: 'Connected over ',
    reconnecting: 'Reconnecting…',
    closed: 'Closed',
  };
  const show = (): void => {
    const { state, transport, unsettled } = client.status;
    const connected = state === 'connected' && transport !== undefined;
    mark(line, 'data-state', state);
    mark(line, 'data-transport', transport);
    write(words, connected ? WORDS.connected : state === 'connected' ? 'Connected' : WORDS[state]);
    write(over, connected ? NAMES[transport].short : unsettled > 0 ? ` ${unsettled} waiting to be sent` : '');
  };
  client.on('status', show);
  setInterval(show, 500);
  client.on('error', (error) => {
    console.warn(error);
    show();
  });
  show();
}
