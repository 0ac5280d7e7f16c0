/**
 * Performs a batch of sends: permission, contract, then the log or the
 * application's handler. Gives one outcome a send; a refusal is an outcome like
 * any other, so one bad send never holds up those behind it (P35).
 */
import {
  Dimension,
  encodeBody,
  encodeEnvelope,
  faultEnvelope,
  isChannel,
  MAX_ENVELOPE_BYTES,
  MAX_VERDICTS,
  MEMBERS,
  VERDICTS,
} from '@iskra/protocol/wire';
import type { Send } from '@iskra/protocol/wire';
import { bounded } from './bounded.js';
import { Refusal } from './core.js';
import type { Core, RequestContext, SessionInfo } from './core.js';
import { ask } from './hooks.js';
import { excepting } from './except.js';
import type { Source } from './observe/event.js';
import { isTooBig, may, refuse } from './performed.js';
import type { Performed } from './performed.js';
import { listMembers, subscribe, unsubscribe } from './subscribing.js';
import type { AppendKey } from './store.js';
import type { NumberedSend, Outcome } from './uplink.js';

/** Under what the sends of a batch are performed. */
export interface Claim {
  readonly id: string;
  /** Somebody may have performed them before. */
  readonly redelivered: boolean;
  /** By which connection they came. */
  readonly from: Source;
}

/** Performs the sends in order. Rejects only when the store does not answer: then nothing is committed. */
export async function performSends(
  core: Core,
  session: SessionInfo,
  batch: readonly NumberedSend[],
  claim: Claim,
): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const item of batch) {
    const performed =
      'send' in item
        ? await performSend(core, session, item.send, claim)
        : {
            refused: {
              code: 'bad_frame' as const,
              detail: { field: item.refusedField, message: hint(item.refusedField) },
            },
          };
    outcomes.push(encodeOutcome(core, claim.from, item.number, performed));
  }
  return outcomes;
}

function encodeOutcome(core: Core, from: Source, number: number, performed: Performed): Outcome {
  if (!('refused' in performed)) {
    return performed.outcome;
  }
  const { code, detail } = performed.refused;
  core.events.tell(code, { ...from.ids, number, field: detail.field });
  core.metrics.refused(code);
  return encodeBody(faultEnvelope(code, Dimension.message, detail), number);
}

function performSend(core: Core, session: SessionInfo, send: Send, claim: Claim): Promise<Performed> {
  switch (send[0]) {
    case 'publish':
      return publish(core, session, send, claim);
    case 'request':
      return request(core, session, send, claim);
    case 'subscribe':
      return subscribe(core, session, send, claim.from);
    case 'unsubscribe':
      return unsubscribe(core, session, send);
  }
}

const keyOf = ({ id }: SessionInfo, claim: Claim, number: number, part = 0): AppendKey => ({
  session: id,
  claim: claim.id,
  number,
  part,
});

async function publish(
  core: Core,
  session: SessionInfo,
  send: Extract<Send, ['publish', ...unknown[]]>,
  claim: Claim,
): Promise<Performed> {
  const [, number, channel, envelope] = send;
  // Who comes and goes is told by the server alone (P45).
  if (envelope.delta === 'member_joined' || envelope.delta === 'member_left') {
    return refuse('forbidden', 'delta', 'The member list is told by the server; choose another delta.');
  }
  const key = keyOf(session, claim, number);
  // Asked only where there is somebody to ask: a promise a message is a tenth of what a publish costs.
  if (core.authorize !== undefined && !(await may(core, session, 'publish', channel, claim.from))) {
    return refuseUnlessTaken(core, channel, key, 'forbidden', 'channel');
  }
  let text: string | undefined;
  let why: Parameters<typeof refuse> = ['internal'];
  try {
    let checked = core.contract.payload(channel, envelope.delta, envelope.payload);
    if (checked instanceof Promise) checked = await checked;
    if (!checked.ok) why = [checked.code, checked.field, checked.message];
    // What came over the wire is complete: nothing needs its default.
    else {
      let payload = checked.value;
      if (core.hooks.publish !== undefined) {
        const told = { session, channel, delta: envelope.delta, payload };
        const heard = await ask(core, 'publish', told, claim.from.ids);
        if ('refused' in heard) {
          const { code, detail } = heard.refused;
          return refuseUnlessTaken(core, channel, key, code, detail.field, detail.message);
        }
        payload = heard.answer ?? payload;
      }
      text = JSON.stringify(payload === envelope.payload ? envelope : { ...envelope, payload });
    }
  } catch (error) {
    // A schema is the application's code too, and what it makes of a payload may be no JSON.
    core.events.fail('handler_failed', error, { ...claim.from.ids, number, hook: 'contract' });
  }
  if (text === undefined) return refuseUnlessTaken(core, channel, key, ...why);
  if (isTooBig(text)) return refuseUnlessTaken(core, channel, key, 'too_big', 'envelope');
  const appended = await core.store.append(channel, text, key);
  // It was refused when those behind it were taken, and their end was lost: it cannot go before them any more.
  if (appended.kind === 'behind') return refuse('internal');
  core.metrics.published++;
  return {};
}

/**
 * What is in the log cannot be refused any more: the permission or the contract changed since it was taken, and its
 * acknowledgement was lost. No claim tells that, as the batch in which it was taken may have reached further than the
 * one in which it comes again.
 */
async function refuseUnlessTaken(
  core: Core,
  channel: string,
  key: AppendKey,
  ...why: Parameters<typeof refuse>
): Promise<Performed> {
  return (await core.store.taken(channel, key)) ? {} : refuse(...why);
}

async function request(
  core: Core,
  session: SessionInfo,
  send: Extract<Send, ['request', ...unknown[]]>,
  claim: Claim,
): Promise<Performed> {
  const [, number, envelope] = send;
  const name = envelope.delta;
  if (name === MEMBERS) return listMembers(core, session, number, envelope.payload, claim.from);
  if (name === VERDICTS) return hearVerdicts(core, number, envelope.payload);
  const handler = core.handlers.get(name);
  if (handler === undefined) return refuse('not_found', 'delta', 'This server handles no such request.');
  if (!(await may(core, session, 'request', name, claim.from))) return refuse('forbidden', 'delta');
  if (isTooBig(JSON.stringify(envelope))) return refuse('too_big', 'envelope');
  if (claim.redelivered && handler.once) {
    return refuse(
      'internal',
      undefined,
      'The node died inside this request; it may have run and is not run again.',
    );
  }
  const abort = new AbortController();
  let outputs = 0;
  const context: RequestContext = {
    session,
    redelivered: claim.redelivered,
    idempotencyKey: `${session.id}:${number}`,
    signal: abort.signal,
    publish: async (channel, output, { except } = {}) => {
      // A name that is no channel could be the inbox of somebody else.
      if (!isChannel(channel)) throw new TypeError('publish was given a name that is no channel.');
      const text = encodeEnvelope(output);
      if (isTooBig(text)) throw new RangeError(`the envelope is over ${MAX_ENVELOPE_BYTES} bytes`);
      await core.store.append(channel, excepting(text, except), keyOf(session, claim, number, ++outputs));
    },
  };
  try {
    const input = await core.contract.input(name, envelope.payload);
    if (!input.ok) return refuse(input.code, input.field, input.message);
    if (core.hooks.request !== undefined) {
      const heard = await ask(core, 'request', { session, name, input: input.value }, claim.from.ids);
      if ('refused' in heard) return heard;
    }
    const value = await bounded(core, handler.run(input.value, context), abort);
    const output = await core.contract.output(name, value);
    if (!output.ok)
      throw new Error(`the output does not match the contract at ${output.field}: ${output.message}`);
    const outcome = encodeBody({ delta: 'reply', payload: output.value }, number);
    if (isTooBig(outcome)) throw new RangeError(`the output is over ${MAX_ENVELOPE_BYTES} bytes`);
    return { outcome };
  } catch (error) {
    if (error instanceof Refusal) return refuse(error.code, error.field, error.message);
    core.events.fail('handler_failed', error, { ...claim.from.ids, number, request: name });
    return refuse('internal');
  }
}

/** Answers `@verdicts`: what a client's attempts proved, for the numbers (P85). Nothing of it is kept or said again. */
function hearVerdicts(core: Core, number: number, input: unknown): Performed {
  if (!Array.isArray(input) || input.length > MAX_VERDICTS || !input.every(isPair)) {
    const message = `payload must be an array of at most ${MAX_VERDICTS} pairs of a transport and a verdict.`;
    return refuse('invalid', 'payload', message);
  }
  for (const [transport, verdict] of input) core.metrics.judged(transport, verdict);
  return { outcome: encodeBody({ delta: 'reply' }, number) };
}

const isPair = (value: unknown): value is [string, string] =>
  Array.isArray(value) && value.length === 2 && value.every((part) => typeof part === 'string');

/** What a field must be: for the sentence of a refusal, which never repeats the input. */
const MUST_BE = new Map(
  Object.entries({
    delta: 'a string of 1 to 128 characters',
    lambda: 'a string of 1 to 128 characters',
    dimension: 'an integer from 0 to 255',
    omega: 'a number from 0 to 1',
    payload: 'JSON that nests at most 64 deep',
    channel: '1 to 200 letters, digits and : . _ ~ -, starting with a letter or digit',
    frame: 'an array of the length that its tag asks for',
    options: 'an object',
    envelope: 'an object',
  }),
);

function hint(field: string): string {
  const rule =
    MUST_BE.get(field) ?? (field.startsWith('fractal_metadata') ? 'as the envelope schema says' : undefined);
  return rule === undefined
    ? `"${field.slice(0, 64)}" is not a field of an envelope; application data belongs in payload.`
    : `${field} must be ${rule}.`;
}
