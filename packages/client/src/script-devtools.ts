/** The script tag with everything, and the devtools: `iskra.devtools(client)`. For development. */
import './script-full.js';
import { devtools } from './devtools.js';

Object.assign((globalThis as unknown as { iskra: object }).iskra, { devtools });
