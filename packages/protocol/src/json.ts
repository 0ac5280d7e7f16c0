/** JSON values as the wire carries them. */

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Whether a parsed JSON value nests at most `limit` arrays and objects. Visits containers only. */
export function depthWithin(value: unknown, limit: number): boolean {
  if (typeof value !== 'object' || value === null) return true;
  if (limit === 0) return false;
  for (const inner of Array.isArray(value) ? value : Object.values(value)) {
    if (typeof inner === 'object' && !depthWithin(inner, limit - 1)) return false;
  }
  return true;
}

const encoder = /* @__PURE__ */ new TextEncoder();

/** Bytes of a text in UTF-8. */
export function byteLength(text: string): number {
  return encoder.encode(text).length;
}
