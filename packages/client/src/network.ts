/**
 * Around the signals of a page, beside the core: whether there is another network behind it, where the browser tells.
 * Old connections may then be dead without a word.
 */
import type { Environment } from './environment.js';

/** The part of the Network Information API that is used. */
interface Connection extends EventTarget {
  /** As in `wifi`; browsers of computers do not say. */
  readonly type?: string;
}

/** The same signals, and `online` when the network is another one. */
export function withNetwork(onPage: Environment['onPage']): Environment['onPage'] {
  const { connection } = (globalThis.navigator ?? {}) as { connection?: Connection };
  if (!connection?.type) return onPage;
  return (listener) => {
    const ignorePage = onPage(listener);
    let { type } = connection;
    const hear = (): void => {
      // Estimates of its speed change all the time.
      if (type === connection.type) return;
      ({ type } = connection);
      listener(type === 'none' ? 'offline' : 'online');
    };
    connection.addEventListener('change', hear);
    return () => {
      connection.removeEventListener('change', hear);
      ignorePage();
    };
  };
}
