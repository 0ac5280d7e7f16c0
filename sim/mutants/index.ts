/**
 * The checker, checked: every rule of PROTOCOL.md that asks for something is broken here, at both ends where both keep
 * it. Whatever survives `npm run mutants` is not watched over.
 */
import { answers } from './answers.js';
import { channels } from './channels.js';
import { down } from './down.js';
import { ends } from './ends.js';
import { liveness } from './liveness.js';
import type { Mutant } from './mutant.js';
import { sessions } from './sessions.js';
import { up } from './up.js';

export const mutants: readonly Mutant[] = [
  ...sessions,
  ...down,
  ...up,
  ...channels,
  ...liveness,
  ...answers,
  ...ends,
];

/** Rules of what the simulation does not have (bytes, headers, addresses, clocks of a processor): the tests that judge them. */
export const elsewhere: Readonly<Record<string, string>> = {
  P1: 'packages/protocol/src/envelope.test.ts',
  P2: 'packages/protocol/src/envelope.test.ts',
  P3: 'packages/protocol/src/envelope.test.ts',
  P4: 'e2e/wire/frames.test.ts',
  P5: 'e2e/wire/frames.test.ts',
  P11: 'packages/server/src/keys.test.ts',
  P18: 'packages/server/src/guard.test.ts',
  P60: 'packages/server/src/body.test.ts',
  P61: 'packages/server/src/guard.test.ts',
  P62: 'packages/server/src/body.test.ts',
  P63: 'packages/server/src/realtime.test.ts',
  P65: 'packages/server/src/realtime.test.ts',
  P66: 'e2e/wire/frames.test.ts',
  P67: 'e2e/wire/floods.test.ts',
  P80: 'packages/server/src/observe/system-channel.test.ts',
  P81: 'packages/server/src/moderation.test.ts',
  P82: 'packages/server/src/moderation.test.ts',
  P83: 'packages/server/src/moderation.test.ts',
  P84: 'packages/server/src/moderation.test.ts',
  P85: 'packages/server/src/sends.test.ts',
};
