/** A client as a process of its own, which can be stopped as a machine that sleeps. */
import { WebSocket } from 'ws';
import { Participant } from '../browser/participant.js';
import type { ParticipantOptions } from '../browser/participant.js';
import { expose } from '../transports/child.js';

const participants: Participant[] = [];

const verbs = {
  open: (options: ParticipantOptions) =>
    participants.push(new Participant(options, (globalThis.WebSocket ?? WebSocket) as never)) - 1,
  call: (participant: number, method: string, given: unknown[]): unknown =>
    (participants[participant] as unknown as Record<string, (...given: unknown[]) => unknown>)[method]!(
      ...given,
    ),
};
export type ParticipantVerbs = typeof verbs;

expose(verbs);
