/** The hooks of this application, typed by its contract. */
import { typedBy } from '@iskra/client/react';
import type { contract } from './contract.js';

export const { RealtimeProvider, useRealtime, useChannel, useRequest } = typedBy<typeof contract>();
