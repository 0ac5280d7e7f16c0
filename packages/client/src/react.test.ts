// @vitest-environment happy-dom
/** The hooks in a real React, over a WebSocket that the test plays. */
import { act, Component, createElement as h, StrictMode, Suspense } from 'react';
import type { FunctionComponent, ReactNode } from 'react';
import { createRoot, hydrateRoot } from 'react-dom/client';
import { renderToString } from 'react-dom/server';
import { afterEach, beforeEach, describe, expect, expectTypeOf, test, vi } from 'vitest';
import { bound, manualFrames } from './bindings/fixture.js';
import type { TestContract } from './bindings/fixture.js';
import { typedBy, useChannel as useAnyChannel, useWebSocket } from './react.js';

const { RealtimeProvider, useRealtime, useChannel, useRequest } = typedBy<TestContract>();

let frames: ReturnType<typeof manualFrames>;
const ends: (() => void)[] = [];

beforeEach(() => {
  frames = manualFrames();
  vi.stubGlobal('IS_REACT_ACT_ENVIRONMENT', true);
  vi.stubGlobal('requestAnimationFrame', (show: () => void) => (frames.frame(show), 1));
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.unstubAllGlobals();
});

async function scene({ owned = true } = {}) {
  const b = await bound({ owned });
  const place = document.createElement('div');
  const root = createRoot(place);
  ends.push(() => act(() => root.unmount()));
  const inside = (children: ReactNode) => h(RealtimeProvider, { client: b.source }, children);
  return {
    ...b,
    b,
    place,
    inside,
    render: (children: ReactNode) => act(async () => root.render(inside(children))),
    renderStrictly: (children: ReactNode) =>
      act(async () => root.render(h(StrictMode, null, inside(children)))),
    leave: () => act(async () => root.unmount()),
    /** The server does something, and the page is drawn. */
    happen: (what: () => void) =>
      act(async () => {
        what();
        await b.turn();
        frames.draw();
      }),
    text: () => place.textContent,
  };
}

/** A component that shows what it is told to, and counts how often it was rendered. */
function counted(show: () => ReactNode) {
  const Counted = (): ReactNode => {
    counted.renders++;
    return h('p', null, show());
  };
  const counted = { renders: 0, element: h(Counted) };
  return counted;
}

/** Shows the message of what was thrown below it. */
class Caught extends Component<{ children: ReactNode }, { error?: Error }> {
  override state: { error?: Error } = {};
  static getDerivedStateFromError(error: Error) {
    return { error };
  }
  override render(): ReactNode {
    return this.state.error?.message ?? this.props.children;
  }
}

describe('a session', () => {
  test('is one, also in StrictMode, and has one subscription', async () => {
    const s = await scene();
    const Room = () => useChannel('room:1', { last: 5, presence: 'me' }).state;
    await s.renderStrictly([h(Room, { key: 1 }), h(Room, { key: 2 })]);
    await s.happen(() => s.welcome());
    expect([s.b.opened, s.b.closed]).toEqual([1, 0]);
    expect(s.sends()).toEqual([['subscribe', 'room:1', { last: 5, presence: 'me' }]]);
    await s.happen(() => s.b.subscribed('room:1'));
    expect(s.text()).toBe('subscribedsubscribed');
    await s.leave();
    expect([s.b.opened, s.b.closed]).toEqual([1, 1]);
  });

  test('is not opened by a rendering that is thrown away', async () => {
    const s = await scene();
    const Waiting = (): ReactNode => {
      useChannel('room:1');
      // It is how a component waits.
      throw new Promise(() => {});
    };
    await act(async () => void renderToString(s.inside(h('p', null, 'there'))));
    expect(s.b.opened).toBe(0);
    await s.render(h(Suspense, { fallback: 'waiting' }, h(Waiting)));
    expect(s.text()).toBe('waiting');
    expect(s.sends()).toEqual([]);
  });

  test('is that of the application, which closes it', async () => {
    const s = await scene({ owned: false });
    await s.render(counted(() => useRealtime().state).element);
    await s.leave();
    expect(s.b.closed).toBe(0);
  });

  test('is missed by name where there is no provider', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    // React 18 hears of it by an event of the window, as a browser sends one.
    const { settings } = (window as unknown as { happyDOM: { settings: object } }).happyDOM;
    Object.assign(settings, { disableErrorCapturing: false });
    const place = document.createElement('div');
    const root = createRoot(place);
    await act(async () => root.render(h(Caught, null, counted(() => useRealtime().state).element)));
    expect(place.textContent).toMatch(/No session is open. Is its provider mounted/);
    act(() => root.unmount());
    log.mockRestore();
    Object.assign(settings, { disableErrorCapturing: true });
  });
});

describe('a component', () => {
  test('is rendered again for what it reads, and for nothing else', async () => {
    const s = await scene();
    const [nothing, texts, members, state] = [
      counted(() => (useChannel('room:1'), 'nothing')),
      counted(() => useChannel('room:1').messages.length),
      counted(() => useChannel('room:1').members.length),
      counted(() => useRealtime().connected && 'yes'),
    ];
    const renders = () => [nothing, texts, members, state].map((one) => one.renders);
    await s.render([nothing, texts, members, state].map(({ element }, key) => h('div', { key }, element)));
    await s.happen(() => s.welcome());
    await s.happen(() => s.b.subscribed('room:1'));
    const before = renders();
    await s.happen(() => {
      s.b.say('room:1', 1, 'a');
      s.b.say('room:1', 2, 'b');
    });
    await s.happen(() => s.hear(['ping', 7]));
    expect(renders()).toEqual([before[0], before[1]! + 1, before[2], before[3]]);
    expect(before[0]).toBe(1);
    expect(s.text()).toBe('nothing20yes');
  });

  test('is rendered for what it begins to read later, as it is then', async () => {
    const s = await scene();
    let reads = false;
    const room = () => {
      const { state, messages } = { ...pick(useChannel('room:1')), ...useLater() };
      return `${state}:${messages ?? ''}`;
    };
    const pick = ({ state }: { state: string }) => ({ state });
    const useLater = () => {
      const seen = useChannel('room:1');
      return reads ? { messages: seen.messages.length } : { messages: undefined };
    };
    const one = counted(room);
    await s.render(one.element);
    await s.happen(() => s.welcome());
    await s.happen(() => s.b.subscribed('room:1'));
    await s.happen(() => s.b.say('room:1', 1, 'a'));
    expect(s.text()).toBe('subscribed:');
    reads = true;
    await s.render(counted(room).element);
    expect(s.text()).toBe('subscribed:1');
    await s.happen(() => s.b.say('room:1', 2, 'b'));
    expect(s.text()).toBe('subscribed:2');
  });

  test('shows the newest messages, and never more than its limit', async () => {
    const s = await scene();
    const List = () => {
      const { messages } = useChannel('room:1', { limit: 2 });
      return messages.map((message) =>
        h('li', { key: message.id }, message.delta === 'said' && message.payload.text),
      );
    };
    await s.render(h(List));
    await s.happen(() => s.welcome());
    await s.happen(() => {
      s.b.subscribed('room:1');
      for (let n = 1; n <= 9; n++) s.b.say('room:1', n, String(n));
    });
    expect(s.text()).toBe('89');
  });

  test('follows its channel when the name changes, and rests without one', async () => {
    const s = await scene();
    const Room: FunctionComponent<{ name?: `room:${string}` | undefined }> = ({ name }) =>
      useChannel(name).state;
    await s.render(h(Room));
    await s.happen(() => s.welcome());
    expect(s.text()).toBe('idle');
    await s.render(h(Room, { name: 'room:1' }));
    await s.render(h(Room, { name: 'room:2' }));
    await s.happen(() => {});
    expect(s.sends()).toEqual([
      ['subscribe', 'room:1', {}],
      ['unsubscribe', 'room:1'],
      ['subscribe', 'room:2', {}],
    ]);
  });

  test('hears each message with the handler of its last rendering', async () => {
    const s = await scene();
    const heard: string[] = [];
    const Room: FunctionComponent<{ mark: string }> = ({ mark }) => {
      useChannel('room:1', { limit: 0, onMessage: ({ delta }) => heard.push(mark + delta) });
      return null;
    };
    await s.render(h(Room, { mark: 'a' }));
    await s.happen(() => s.welcome());
    await s.happen(() => s.b.subscribed('room:1'));
    await s.happen(() => s.b.say('room:1', 1, 'x'));
    await s.render(h(Room, { mark: 'b' }));
    await s.happen(() => s.b.say('room:1', 2, 'y'));
    expect(heard).toEqual(['asaid', 'bsaid']);
  });

  test('asks, and shows what becomes of it', async () => {
    const s = await scene();
    let ask: () => unknown;
    const Rename = () => {
      const rename = useRequest('rename');
      ask = () => rename.request({ to: 'z' });
      return rename.state === 'done' ? rename.data.was : rename.state;
    };
    await s.renderStrictly(h(Rename));
    await s.happen(() => s.welcome());
    expect(s.text()).toBe('idle');
    await s.happen(() => void ask());
    expect(s.text()).toBe('pending');
    await s.happen(() => s.b.answer('reply', { was: 'a' }));
    expect(s.text()).toBe('a');
  });
});

test('renders on a server without a session, and lets the browser take over', async () => {
  const log = vi.spyOn(console, 'error');
  const s = await scene();
  const Room = () => {
    const { messages, state, members } = useChannel('room:1');
    const { connected } = useRealtime();
    const { isConnected } = useWebSocket('/ws/ada');
    return `${state} ${messages.length} ${members.length} ${String(connected)} ${String(isConnected)}`;
  };
  vi.stubGlobal(
    'WebSocket',
    class {
      close() {}
    },
  );
  const element = s.inside(h(Room));
  const text = renderToString(element);
  expect(text).toBe('subscribing 0 0 false false');
  expect(s.b.opened).toBe(0);
  const place = document.createElement('div');
  place.innerHTML = text;
  const root = await act(async () => hydrateRoot(place, element));
  await s.happen(() => s.welcome());
  expect(place.textContent).toBe('subscribing 0 0 true false');
  expect(log).not.toHaveBeenCalled();
  await act(async () => root.unmount());
  expect(s.b.closed).toBe(1);
});

test('gives types by the contract, without a word of the application', () => {
  // Never called: the compiler looks at it.
  const Typed = () => {
    const room = useChannel('room:7');
    expectTypeOf(room.messages[0]!.delta).toEqualTypeOf<'said' | 'left'>();
    for (const message of room.messages)
      if (message.delta === 'said') expectTypeOf(message.payload).toEqualTypeOf<{ text: string }>();
    room.publish('said', { text: 'hi' });
    room.publish('left');
    // @ts-expect-error -- the payload is another one
    room.publish('said', { txt: 'hi' });
    // @ts-expect-error -- no such delta
    room.publish('sung', {});
    // @ts-expect-error -- no such channel
    useChannel('hall:7');
    const id = undefined as string | undefined;
    useChannel(id && `room:${id}`, {
      onMessage: (message) => expectTypeOf(message.delta).toEqualTypeOf<'said' | 'left'>(),
    });
    const rename = useRequest('rename');
    expectTypeOf(rename.request).parameter(0).toEqualTypeOf<{ to: string }>();
    if (rename.state === 'done') expectTypeOf(rename.data).toEqualTypeOf<{ was: string }>();
    if (rename.state === 'failed') expectTypeOf(rename.error).toEqualTypeOf<Error>();
    void useRequest('time').request();
    // @ts-expect-error -- no such request
    useRequest('fly');
    useRealtime().client?.on('message', (message) => {
      if (message.delta === 'signed_out') expectTypeOf(message.payload).toEqualTypeOf<{ why: string }>();
    });
    expectTypeOf(useAnyChannel('anything').messages[0]!.payload).toEqualTypeOf<unknown>();
  };
  expect(Typed).toBeTypeOf('function');
});
