/** The page of the test: a client, and its devtools as an application has them. */
import { connect } from '@iskra/client';
import { devtools } from '@iskra/client/devtools';

const client = connect('/realtime', { auth: 'opensesame', environment: { storage: undefined } });
devtools(client);
const room = client.channel('room:1');
const seen: unknown[] = [];
room.on('said', (payload) => void seen.push(payload));
void room.subscribe({ presence: { name: 'Ada' } });

Object.assign(globalThis, {
  say: (text: string) => room.publish('said', { text, password: 'swordfish' }).settled,
  seen: () => seen.length,
});
