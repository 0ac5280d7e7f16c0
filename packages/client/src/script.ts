/** The script tag: the global `iskra`. Of the errors it has those to ask; the others are told apart by `code`. */
import { connect, IskraError, SendError } from './core.js';

(globalThis as { iskra?: object }).iskra = { connect, IskraError, SendError };
