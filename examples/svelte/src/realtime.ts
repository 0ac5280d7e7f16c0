/** The stores of this application, typed by its contract. */
import { typedBy } from '@iskra/client/svelte';
import type { contract } from './contract.js';

export const { provideRealtime, useRealtime, useChannel, useRequest } = typedBy<typeof contract>();

export const id = /^#([a-z0-9-]{1,40})$/.exec(location.hash)?.[1] ?? 'lobby';
export const author = `Svelte ${Math.floor(Math.random() * 1000)}`;
