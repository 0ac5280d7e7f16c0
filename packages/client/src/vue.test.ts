// @vitest-environment happy-dom
/** The composables in a real Vue, over a WebSocket that the test plays. */
import { afterEach, beforeEach, expect, expectTypeOf, test, vi } from 'vitest';
import { createApp, defineComponent, h, nextTick, ref } from 'vue';
import type { Ref } from 'vue';
import { bound, manualFrames } from './bindings/fixture.js';
import type { TestContract } from './bindings/fixture.js';
import { typedBy } from './vue.js';

const { provideRealtime, useRealtime, useChannel, useRequest } = typedBy<TestContract>();

let frames: ReturnType<typeof manualFrames>;
const ends: (() => void)[] = [];

beforeEach(() => {
  frames = manualFrames();
  vi.stubGlobal('requestAnimationFrame', (show: () => void) => (frames.frame(show), 1));
});
afterEach(() => {
  for (const end of ends.splice(0)) end();
  vi.unstubAllGlobals();
});

/** Of components that are rendered again and again, how often. */
const component = (setup: () => () => string) => {
  const counted = {
    renders: 0,
    component: defineComponent(() => {
      const text = setup();
      return () => {
        counted.renders++;
        return h('p', text());
      };
    }),
  };
  return counted;
};

async function scene(children: () => unknown[], { owned = true } = {}) {
  const b = await bound({ owned });
  const place = document.createElement('div');
  const app = createApp({
    setup() {
      provideRealtime(b.source);
      return () => h('div', children() as never);
    },
  });
  app.mount(place);
  let isThere = true;
  const leave = async () => {
    if (isThere) app.unmount();
    isThere = false;
    await b.turn();
  };
  ends.push(() => void leave());
  return {
    b,
    leave,
    happen: async (what: () => void) => {
      what();
      await b.turn();
      frames.draw();
      await nextTick();
    },
    text: () => place.textContent,
  };
}

test('has one session and one subscription for all components, until they are gone', async () => {
  const Room = component(() => {
    const { state } = useChannel('room:1', { last: 5 });
    return () => state.value;
  }).component;
  const s = await scene(() => [h(Room), h(Room)]);
  await s.happen(() => s.b.welcome());
  await s.happen(() => s.b.subscribed('room:1'));
  expect(s.text()).toBe('subscribedsubscribed');
  expect(s.b.sends()).toEqual([['subscribe', 'room:1', { last: 5 }]]);
  expect(s.b.opened).toBe(1);
  await s.leave();
  expect(s.b.closed).toBe(1);
});

test('renders a component again for what it reads, and for nothing else', async () => {
  const texts = component(() => {
    const { messages } = useChannel('room:1');
    return () => String(messages.value.length);
  });
  const members = component(() => {
    const room = useChannel('room:1');
    return () => String(room.members.value.length);
  });
  const s = await scene(() => [h(texts.component), h(members.component)]);
  await s.happen(() => s.b.welcome());
  await s.happen(() => s.b.subscribed('room:1'));
  const before = [texts.renders, members.renders];
  await s.happen(() => {
    s.b.say('room:1', 1, 'a');
    s.b.say('room:1', 2, 'b');
  });
  expect([texts.renders, members.renders]).toEqual([before[0]! + 1, before[1]]);
  expect(s.text()).toBe('20');
});

test('follows a name that changes, and a presence', async () => {
  const name: Ref<`room:${string}` | undefined> = ref();
  const presence = ref('Ada');
  const Room = component(() => {
    const { state } = useChannel(name, () => ({ presence: presence.value }));
    return () => state.value;
  }).component;
  const s = await scene(() => [h(Room)]);
  await s.happen(() => s.b.welcome());
  expect(s.text()).toBe('idle');
  await s.happen(() => (name.value = 'room:1'));
  await s.happen(() => s.b.subscribed('room:1'));
  expect(s.text()).toBe('subscribed');
  await s.happen(() => (presence.value = 'Den'));
  await s.happen(() => s.b.answer('unsubscribed', { channel: 'room:1' }));
  await s.happen(() => s.b.subscribed('room:1'));
  await s.happen(() => (name.value = 'room:2'));
  expect(s.b.sends().filter(([tag]) => tag !== 'request')).toEqual([
    ['subscribe', 'room:1', { presence: 'Ada' }],
    ['unsubscribe', 'room:1'],
    ['subscribe', 'room:1', { since: ['r', 0], presence: 'Den' }],
    ['subscribe', 'room:2', { presence: 'Den' }],
    ['unsubscribe', 'room:1'],
  ]);
});

test('publishes to the channel that it is now, and asks', async () => {
  let act!: () => void;
  const Room = component(() => {
    const { publish } = useChannel('room:1');
    const { state, data, request } = useRequest('rename');
    act = () => {
      publish('said', { text: 'hi' });
      void request({ to: 'z' });
    };
    return () => data.value?.was ?? state.value;
  }).component;
  const s = await scene(() => [h(Room)]);
  await s.happen(() => s.b.welcome());
  await s.happen(() => act());
  expect(s.text()).toBe('pending');
  expect(s.b.sends().map(([tag]) => tag)).toEqual(['subscribe', 'publish', 'request']);
});

test('is there for the component that provides it, and missed by name elsewhere', async () => {
  const b = await bound({ owned: false });
  const place = document.createElement('div');
  const app = createApp(
    defineComponent(() => {
      provideRealtime(b.source);
      const { connected } = useRealtime();
      return () => h('p', String(connected.value));
    }),
  );
  app.mount(place);
  b.welcome();
  await nextTick();
  expect(place.textContent).toBe('true');
  app.unmount();
  await b.turn();
  expect(b.closed).toBe(0);
  const other = createApp(defineComponent(() => (useRealtime(), () => 'never')));
  other.config.warnHandler = () => {};
  other.config.errorHandler = (error) => {
    throw error;
  };
  expect(() => other.mount(document.createElement('div'))).toThrow(/No session is open/);
});

test('gives types by the contract, without a word of the application', () => {
  // Never called: the compiler looks at it.
  const typed = () => {
    const { messages, publish } = useChannel('room:7');
    expectTypeOf(messages.value[0]!.delta).toEqualTypeOf<'said' | 'left'>();
    publish('said', { text: 'hi' });
    // @ts-expect-error -- the payload is another one
    publish('said', { txt: 'hi' });
    // @ts-expect-error -- no such channel
    useChannel('hall:7');
    expectTypeOf(useRequest('rename').data.value).toEqualTypeOf<{ was: string } | undefined>();
    expectTypeOf(useRealtime().connected.value).toEqualTypeOf<boolean>();
    useRealtime().client.value?.on('message', (message) => {
      if (message.delta === 'signed_out') expectTypeOf(message.payload).toEqualTypeOf<{ why: string }>();
    });
  };
  expect(typed).toBeTypeOf('function');
});
