/** A request as a component sees it: one at a time, from its call to its end. */
import type { Contract, RequestInput, RequestName, RequestOutput, Untyped } from '@iskra/protocol/wire';
import { IskraError } from '../errors.js';
import type { Binding } from './binding.js';
import { createStore } from './store.js';
import type { Store } from './store.js';

/** As for `client.request`: the input may be left out where its type allows it. `timeout` in ms. */
type Asked<Input> = undefined extends Input
  ? [input?: Input, options?: { timeout?: number }]
  : [input: Input, options?: { timeout?: number }];

export interface RequestState<C extends Contract = Untyped, Name extends string = RequestName<C>> {
  /** `idle` → `pending` → `done` or `failed`, and again. */
  state: 'idle' | 'pending' | 'done' | 'failed';
  /** The last answer, also while the next one is pending. */
  data: RequestOutput<C, Name> | undefined;
  /** Why it failed; undefined in every other state. */
  error: Error | undefined;
  /**
   * Asks. Rejects as `client.request` does, and with the code `aborted` when something else was asked here meanwhile, or
   * the component has gone: the server may have done it all the same. The promise may be ignored.
   */
  request(...given: Asked<RequestInput<C, Name>>): Promise<RequestOutput<C, Name>>;
  /** Back to `idle`; what is pending is aborted. */
  reset(): void;
}

export type RequestStore<C extends Contract = Untyped, Name extends string = RequestName<C>> = Store<
  RequestState<C, Name>
>;

export function createRequestStore(name: string, { status, client }: Binding): RequestStore {
  /** Ends what is pending. */
  let abort = (): void => {};

  const store = createStore<RequestState>(
    {
      state: 'idle',
      data: undefined,
      error: undefined,
      request(...given) {
        const asked = client().request(name, ...given);
        abort();
        const aborted = new Promise<never>((_, reject) => {
          abort = () => reject(new IskraError('aborted', 'It may still happen.'));
        });
        const answer = Promise.race([asked, aborted]);
        store.show({ state: 'pending', error: undefined });
        answer.then(
          (data) => store.show({ state: 'done', data }),
          (error: IskraError) => error.code === 'aborted' || store.show({ state: 'failed', error }),
        );
        return answer;
      },
      reset() {
        abort();
        store.show({ state: 'idle', data: undefined, error: undefined });
      },
    },
    () => [() => abort()],
    status,
  );
  return store;
}
