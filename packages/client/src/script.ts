/** The script tag: everything of `index.ts` as the global `iskra`. */
export * from './index.js';
