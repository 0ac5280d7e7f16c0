// The wire runs in browsers, Node, Bun and Deno, so it compiles without DOM and without Node types.
// These are the only globals beyond the language that all of them share and that it may use.

declare class TextEncoder {
  encode(text: string): Uint8Array;
}

declare class TextDecoder {
  constructor(label?: 'utf-8', options?: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes?: ArrayBufferView | ArrayBuffer, options?: { stream?: boolean }): string;
}
