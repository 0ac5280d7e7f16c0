/** The entry ./devtools: a panel in the page that shows a session as it lives. For development; nothing else imports it. */
import type { Contract, Untyped } from '@iskra/protocol/wire';
import type { Client } from './connect.js';
import { createFrames } from './devtools/frames.js';
import { createPanel } from './devtools/panel.js';
import type { Panel } from './devtools/panel.js';
import { watch } from './devtools/watch.js';
import type { Off } from './emitter.js';
import { MisuseError } from './errors.js';
import { seams } from './seam.js';

export interface DevtoolsOptions {
  /** Whether the panel is open at once, and not a button in the corner. Default: false. */
  open?: boolean;
  /** The keys that open and close it; empty for none. Default: Alt+Shift+D. */
  shortcut?: string;
  /** How many of the last frames are kept. Default 500. */
  frames?: number;
}

/** Of one page there is one panel: of the client that was given last. */
let shown: Off | undefined;

/**
 * Shows the session of a client: transports and verdicts, frames, channels, outbox, voices. The answer takes it away. Where
 * there is no document, as on a server that renders, it does nothing.
 */
export function devtools<C extends Contract = Untyped>(
  client: Client<C>,
  { open = false, shortcut = 'Alt+Shift+D', frames: limit = 500 }: DevtoolsOptions = {},
): Off {
  const seam = seams.get(client);
  if (!seam)
    throw new MisuseError(
      'client',
      'This is no client of connect() from @iskra/client. One from @iskra/client/core, or a copy of a client, cannot be shown.',
    );
  if (!('document' in globalThis)) return () => {};
  shown?.();
  const frames = createFrames(limit);
  const watched = watch(
    seam.session,
    (message) => {
      if (!panel.paused) frames.add({ ...message, at: Date.now() });
    },
    () => panel.changed(),
  );
  const panel: Panel = createPanel(client as unknown as Client, seam, watched, frames, { open, shortcut });
  const remove = (): void => {
    // Another panel may be there in its place, around the same machine.
    if (shown !== remove) return;
    shown = undefined;
    watched.stop();
    panel.remove();
  };
  return (shown = remove);
}
