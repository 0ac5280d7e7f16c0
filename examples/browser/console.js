// For the console of a browser, with no library at all. Open any page of the server, such as
// http://localhost:8000/health, open the console (F12), paste all of this, and press Enter.
//
// The page has to be of the server itself: others are refused, unless the server lists their origin.

(async () => {
  const patience = AbortSignal.timeout(15_000);

  // ── 1. Plain text over WebSocket ──────────────────────────────────────────
  // /ws/<name> greets, and answers every text. The name is a label, nothing more.

  const socket = new WebSocket(`${location.origin.replace('http', 'ws')}/ws/console`);
  const nextText = () =>
    new Promise((resolve, reject) => {
      socket.onmessage = (event) => resolve(event.data);
      socket.onclose = () => reject(new Error('the WebSocket was closed'));
      patience.onabort = () => reject(new Error('nothing came within 15 s'));
    });

  console.log('<', await nextText());
  const greeting = nextText();
  socket.send('Привіт, сервере!');
  console.log('<', await greeting);
  socket.onclose = null;
  socket.close();

  // ── 2. The Iskra protocol over a stream of events ─────────────────────────
  // A message is an array of frames, a frame is an array that starts with its tag. The opening message
  // says hello, subscribes to a channel from its last three entries on, and speaks in it.

  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(16))))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .slice(0, 22);
  const text = `Привіт з консолі (${nonce.slice(0, 4)})`;
  const said = {
    delta: 'said',
    dimension: 1,
    omega: 1,
    lambda: 'continue',
    payload: { text, author: 'console' },
  };

  const stream = new AbortController();
  const response = await fetch('/realtime/sse', {
    method: 'POST',
    body: JSON.stringify([
      ['hello', { version: 1, nonce }],
      ['subscribe', 1, 'room:lobby', { last: 3 }],
      ['publish', 2, 'room:lobby', said],
    ]),
    signal: AbortSignal.any([patience, stream.signal]),
  });
  if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);

  // An event stream is text: lines that start with "data: ", an empty line behind each message.
  let unread = '';
  let heard = false;
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  while (!heard) {
    const { value, done } = await reader.read();
    if (done) throw new Error('the stream ended');
    const blocks = (unread + value).split('\n\n');
    unread = blocks.pop();
    for (const block of blocks.filter((block) => block.startsWith('data: '))) {
      for (const [tag, ...rest] of JSON.parse(block.slice('data: '.length))) {
        if (tag === 'welcome') console.log('= welcome; the session is', rest[0].payload.session);
        if (tag !== 'entry') continue;
        const [channel, , offset, { delta, payload }] = rest;
        console.log('<', channel, offset, delta, payload.text ?? '');
        heard ||= payload.text === text;
      }
    }
  }
  stream.abort();

  console.log('done: one text over WebSocket, one envelope over a stream of events');
})().catch((error) => console.error('failed:', error.message));
