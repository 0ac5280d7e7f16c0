/** The composables of this application, typed by its contract. */
import { typedBy } from '@iskra/client/vue';
import type { contract } from './contract.js';

export const { provideRealtime, useRealtime, useChannel, useRequest } = typedBy<typeof contract>();

export const id = /^#([a-z0-9-]{1,40})$/.exec(location.hash)?.[1] ?? 'lobby';
export const author = `Vue ${Math.floor(Math.random() * 1000)}`;
