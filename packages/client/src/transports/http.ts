/**
 * SSE, long-poll and polling: messages go up in POSTs and come down in their
 * answers. The answer of `sse` is a stream of messages (`EventSource` can
 * neither send a body nor be told to stop trying); the answer of `poll` is one
 * message, and whether it was held is decided by the `wait` in the request.
 */
import { blockReader, parseMessage } from '@iskra/protocol/wire';
import type { Ground, Transport } from './transport.js';

/** How long the answer to sends may take, ms: the server gives it within 1 s (P68). What has to go up has its time, too. */
const SEND_WAIT = 2_500;
/** Bytes for each ms of it: the slowest way that is still a way. */
const SLOWEST = 10;

const http =
  (path: 'sse' | 'poll') =>
  ({ url, environment, on }: Ground): Transport => {
    let abort = new AbortController();
    const received = (text: string): void => on({ type: 'received', text });

    /** One request. Plain text, so that no browser asks for a preflight (P60). */
    const post = (path: string, body: string, signal?: AbortSignal): Promise<Response> =>
      environment.fetch(`${url}/${path}`, {
        method: 'POST',
        body,
        signal,
        // A small request outlives its page; the platform refuses more than 64 KiB of them.
        keepalive: path === 'send' && body.length < 8_000,
      });

    return {
      async open(message) {
        // Of an earlier poll nothing is to be heard any more.
        abort.abort();
        const { signal } = (abort = new AbortController());
        let status = 0;
        let detail = '';
        try {
          const response = await post(path, message, signal);
          const { ok } = response;
          status = response.status;
          if (ok) on({ type: 'opened' });
          if (ok && path === 'sse') {
            const reader = response.body!.getReader();
            const decoder = new TextDecoder();
            const take = blockReader(received);
            for (let next; !(next = await reader.read()).done;)
              take(decoder.decode(next.value, { stream: true }));
          } else {
            // Whole or not at all: an answer that is cut off rejects, or has no end, and the next poll asks with the same cursors.
            const text = await response.text();
            const whole = parseMessage(text);
            if (whole && !signal.aborted) received(text);
            if (whole && ok) return;
          }
        } catch (error) {
          detail = String(error);
        }
        if (!signal.aborted) on({ type: 'closed', status, detail });
      },

      /** One at a time: the session hands over the next only when this was answered (P36). */
      async send(message) {
        let status = 0;
        let text = '';
        const overdue = new AbortController();
        const { clock } = environment;
        const cancel = clock.at(clock.now() + SEND_WAIT + message.length / SLOWEST, () => overdue.abort());
        try {
          const response = await post('send', message, overdue.signal);
          text = await response.text();
          status = response.status;
        } catch {
          // No answer: the session sends the same again.
        }
        cancel();
        on({ type: 'answered', status, text });
      },

      close: () => abort.abort(),
    };
  };

export const sse = /* @__PURE__ */ http('sse');
export const poll = /* @__PURE__ */ http('poll');
