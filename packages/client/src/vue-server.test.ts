/** The composables where Vue renders to text: nothing begins, as nobody would end it. */
import { expect, test } from 'vitest';
import { createSSRApp, defineComponent, h } from 'vue';
import { renderToString } from 'vue/server-renderer';
import { bound } from './bindings/fixture.js';
import { provideRealtime, useChannel, useRealtime, useWebSocket } from './vue.js';

test('renders on a server without a session', async () => {
  const b = await bound({ owned: true });
  const Room = defineComponent(() => {
    const { state, messages } = useChannel('room:1');
    const { connected } = useRealtime();
    const { isConnected } = useWebSocket('/ws/ada');
    return () =>
      h(
        'p',
        `${state.value} ${messages.value.length} ${String(connected.value)} ${String(isConnected.value)}`,
      );
  });
  const app = createSSRApp(
    defineComponent(() => {
      provideRealtime(b.source as never);
      return () => h(Room);
    }),
  );
  expect(await renderToString(app)).toBe('<p>subscribing 0 false false</p>');
  expect(b.opened).toBe(0);
});
