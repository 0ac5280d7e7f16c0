/** JSON values as the wire carries them. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Whether a parsed JSON value nests at most `limit` arrays and objects. */
export function depthWithin(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return limit > 0 && Object.values(value).every((inner) => depthWithin(inner, limit - 1));
}

const encoder = /* @__PURE__ */ new TextEncoder();

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
