/** The application's code, in bounded time: what hangs must not hold up a session, or a node on its way out. */
import type { Core } from './core.js';

/**
 * Its answer, or an error once `limits.handler` ms are over; then the signal is aborted. What is no promise is given on
 * at once, and costs nothing.
 */
export function bounded<T>(
  { clock, limits }: Pick<Core, 'clock' | 'limits'>,
  answer: T | Promise<T>,
  abort?: AbortController,
): T | Promise<T> {
  if (!isPromise(answer)) return answer;
  return new Promise((resolve, reject) => {
    const cancel = clock.at(clock.now() + limits.handler, () => {
      abort?.abort();
      reject(new Error(`no answer within ${limits.handler} ms`));
    });
    // Not `finally`: of a promise of another library, only `then` is sure.
    answer.then(
      (value) => {
        cancel();
        resolve(value);
      },
      (error: unknown) => {
        cancel();
        reject(error as Error);
      },
    );
  });
}

/** Also one of another realm. */
function isPromise<T>(answer: T | Promise<T>): answer is Promise<T> {
  return typeof (answer as Partial<Promise<T>> | null | undefined)?.then === 'function';
}
