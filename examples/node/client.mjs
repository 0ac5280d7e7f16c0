// A Node program with the client of Iskra: a channel with its history, a message, a request, and what the
// client tells about its connection meanwhile.
//
// Run:  node examples/node/client.mjs http://localhost:8000
//
// To see what the client is for, block WebSocket on the way, or restart a proxy while it runs: nothing in
// this file has to know about it.

import { connect, SendError } from '@iskra/client';

const url = process.argv[2] ?? process.env.ISKRA_URL ?? 'http://localhost:8000';
const me = `node-${process.pid}`;

/** So that the example ends in any case; a program of yours would go on for as long as it likes. */
const patience = setTimeout(
  () => fail(`nothing within 20 s from ${url}. Start the server with: npm start`),
  20_000,
);

const client = connect(`${url.replace(/\/+$/, '')}/realtime`);

// Called often, for the round trip changes all the time; only what a person would notice is printed.
let shown = '';
client.on('status', ({ state, transport }) => {
  const line = state === 'connected' ? `connected over ${transport}` : state;
  if (line !== shown) console.log(`= ${(shown = line)}`);
});
client.on('error', (error) => console.log(`! ${error.message}`));

try {
  const lobby = client.channel('room:lobby');

  // Everybody hears what is said in a channel, once and in order, the speaker included.
  const heard = new Promise((resolve) => {
    lobby.on('said', ({ author, text }, { position }) => {
      console.log(`< ${String(position[1]).padStart(4)}  ${author}: ${text}`);
      if (author === me) resolve();
    });
  });
  lobby.onGap(({ reason, was, now }) => console.log(`! gap (${reason}): ${was[1]} to ${now[1]}`));

  await lobby.subscribe({ last: 10 });
  console.log(`= subscribed to ${lobby.name}`);

  const send = lobby.publish('said', { text: 'Привіт з Node!', author: me });
  await send.settled; // the server has it, exactly once; this may also be left out
  await heard;

  await askTheTime();
  console.log(`= round trip ${Math.round(await client.ping())} ms`);

  await client.close();
  clearTimeout(patience);
  console.log('done: subscribed, spoke, heard it and asked');
} catch (error) {
  fail(error.message);
}

/** A request has one answer, and is answered by the server's own code. */
async function askTheTime() {
  try {
    const { now } = await client.request('time', {});
    console.log(`= the server's time is ${now}`);
  } catch (error) {
    // A refusal says why, in `code` for programs and in `message` for people.
    if (!(error instanceof SendError) || error.code !== 'not_found') throw error;
    console.log('= this server answers no request called "time"; the one of `npm start` does');
  }
}

function fail(reason) {
  console.error(`failed: ${reason}`);
  process.exit(1);
}
