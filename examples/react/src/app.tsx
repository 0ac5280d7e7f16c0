/** A room. Each part reads what it shows, and is rendered for nothing else. */
import { useEffect, useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { useChannel, useRealtime, useRequest } from './realtime.js';

const id = /^#([a-z0-9-]{1,40})$/.exec(location.hash)?.[1] ?? 'lobby';
const author = `React ${Math.floor(Math.random() * 1000)}`;

export function App() {
  return (
    <main>
      <header>
        <h1>#{id}</h1>
        <Status />
      </header>
      <People />
      <Messages />
      <Say />
      <footer>
        <Time />
      </footer>
    </main>
  );
}

function Status() {
  const { state, transport } = useRealtime();
  return (
    <span data-testid="status">
      {state}
      {transport && ` over ${transport}`}
    </span>
  );
}

/** Who is here is a channel of its own, as on the page of `npm start`. */
function People() {
  const { members } = useChannel(`room:${id}~here`, { presence: { name: author } });
  return (
    <ul aria-label="Who is here">
      {members.map((member) => (
        <li key={member.id} data-testid="member">
          {nameOf(member.data)}
        </li>
      ))}
    </ul>
  );
}

function Messages() {
  const { messages, state, error, retry } = useChannel(`room:${id}`, { last: 50 });
  const end = useRef<HTMLLIElement>(null);
  useEffect(() => {
    end.current?.scrollIntoView({ block: 'nearest' });
  }, [messages]);
  return (
    <ol aria-live="polite">
      {messages.map((message) => (
        <li key={message.id} data-testid="message">
          {message.gap && <div className="gap">Something is missing here.</div>}
          {message.delta === 'said' && (
            <>
              <b>{message.payload.author}</b> <span className="text">{message.payload.text}</span>
            </>
          )}
        </li>
      ))}
      {state === 'subscribing' && <li className="muted">Coming in …</li>}
      {state === 'failed' && (
        <li className="muted">
          {error?.message} <button onClick={retry}>Try again</button>
        </li>
      )}
      <li ref={end} />
    </ol>
  );
}

function Say() {
  const { publish } = useChannel(`room:${id}`, { last: 50 });
  const [text, setText] = useState('');
  const say = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') publish('said', { text, author });
    setText('');
  };
  return (
    <form onSubmit={say}>
      <input
        data-testid="text"
        aria-label="What to say"
        maxLength={500}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button type="submit">Say</button>
    </form>
  );
}

function Time() {
  const time = useRequest('time');
  return (
    <>
      <button data-testid="ask" disabled={time.state === 'pending'} onClick={() => void time.request({})}>
        What time is it there?
      </button>
      <span data-testid="answer">{time.state === 'failed' ? time.error.message : time.data?.now}</span>
    </>
  );
}

/** What others say of themselves is only shown, and only so much of it. */
function nameOf(data: unknown): string {
  const name: unknown = typeof data === 'object' && data !== null && 'name' in data ? data.name : undefined;
  return typeof name === 'string' ? name.slice(0, 40) : 'somebody';
}
