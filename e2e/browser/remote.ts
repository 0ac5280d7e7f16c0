/** Calls to what lives elsewhere: in a page, or in another process. */

/** The same methods, each answering later. What they take and give must survive JSON. */
export type Remote<Methods> = {
  readonly [Name in keyof Methods]: Methods[Name] extends (...given: infer Given) => infer Answer
    ? (...given: Given) => Promise<Awaited<Answer>>
    : never;
};

export function remote<Methods>(
  call: (method: string, given: unknown[]) => Promise<unknown>,
): Remote<Methods> {
  return new Proxy({} as Remote<Methods>, {
    get: (_, method) =>
      // A promise is recognised by its `then`; this is none.
      typeof method === 'string' && method !== 'then'
        ? (...given: unknown[]) => call(method, given)
        : undefined,
  });
}
