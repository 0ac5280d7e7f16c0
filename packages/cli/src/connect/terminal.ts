/** Where it is typed and printed. */
import { on } from 'node:events';
import { createInterface } from 'node:readline';
import { hasColor, paint } from '../paint.js';
import type { Line } from './lines.js';

/** Lines that come while somebody types do not tear what was typed. */
export function openTerminal(isJson: boolean) {
  const { stdin, stdout } = process;
  const isTyped = stdin.isTTY === true && stdout.isTTY && !isJson;
  const isColored = hasColor(stdout);
  const input = createInterface({ input: stdin, ...(isTyped && { output: stdout }), prompt: '› ' });
  // From now on: what is piped may be here, and at its end, before anybody is connected.
  const lines = on(input, 'line', { close: ['close'] }) as AsyncIterable<[string]>;
  const stop = (): void => input.close();
  input.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  if (!isTyped) process.once('SIGINT', stop);
  return {
    /** A person types. */
    isTyped,
    say({ tone, text, data }: Line): void {
      if (isTyped) stdout.write('\r\u001b[K');
      const shown = isColored ? paint(tone, text) : text;
      stdout.write(`${isJson ? JSON.stringify(data) : shown}\n`);
      if (isTyped) input.prompt(true);
    },
    async *typed(): AsyncIterable<string> {
      if (isTyped) input.prompt();
      for await (const [typed] of lines) {
        yield typed;
        if (isTyped) input.prompt();
      }
    },
    close(): void {
      input.close();
      process.off('SIGTERM', stop).off('SIGINT', stop);
    },
  };
}
