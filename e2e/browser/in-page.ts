/** What the test page loads: participants that are called by their number. */
import type { Environment } from '@iskra/client';
import { Participant } from './participant.js';
import type { ParticipantOptions } from './participant.js';

const participants: Participant[] = [];

export interface InPage {
  open(options: ParticipantOptions): number;
  call(participant: number, method: string, given: unknown[]): unknown;
}

const inPage: InPage = {
  open: (options) =>
    participants.push(
      new Participant(options, WebSocket as unknown as NonNullable<Environment['WebSocket']>),
    ) - 1,
  call: (participant, method, given) =>
    (participants[participant] as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(
      ...given,
    ),
};
Object.assign(globalThis, { iskraInPage: inPage });
