/** The stores where Svelte renders to text: nothing begins, as no component is mounted. */
import type { Component } from 'svelte';
import { get } from 'svelte/store';
import type { Readable } from 'svelte/store';
import { render } from 'svelte/server';
import { expect, expectTypeOf, test } from 'vitest';
import { bound } from './bindings/fixture.js';
import type { TestContract } from './bindings/fixture.js';
import type { Message } from './svelte.js';
import { provideRealtime, typedBy, useChannel, useRealtime, useWebSocket } from './svelte.js';

/** What the compiler makes of a component for a server, as far as it is needed here. */
interface Renderer {
  push(text: string): void;
  component(inner: (renderer: Renderer) => void): void;
}
const component = (show: () => string): Component =>
  ((renderer: Renderer) => renderer.component((inner) => inner.push(show()))) as unknown as Component;

test('renders on a server without a session', async () => {
  const b = await bound({ owned: true });
  const app = component(() => {
    provideRealtime(b.source as never);
    const { state, messages } = useChannel('room:1');
    const { connected } = useRealtime();
    const { isConnected } = useWebSocket('/ws/ada');
    return [get(state), get(messages).length, get(connected), get(isConnected)].join(' ');
  });
  expect(render(app).body).toContain('subscribing 0 false false');
  expect(b.opened).toBe(0);
});

test('gives types by the contract, without a word of the application', () => {
  // Never called: the compiler looks at it.
  const typed = () => {
    const bindings = typedBy<TestContract>();
    const room = bindings.useChannel('room:7');
    expectTypeOf(room.messages).toEqualTypeOf<Readable<readonly Message<TestContract, 'room:7'>[]>>();
    room.publish('said', { text: 'hi' });
    // @ts-expect-error -- the payload is another one
    room.publish('said', { txt: 'hi' });
    // @ts-expect-error -- no such channel
    bindings.useChannel('hall:7');
    bindings.useRealtime().client.subscribe((client) => {
      client?.on('message', (message) => {
        if (message.delta === 'signed_out') expectTypeOf(message.payload).toEqualTypeOf<{ why: string }>();
      });
    });
  };
  expect(typed).toBeTypeOf('function');
});
