import { otherRuntime } from './other-runtime.js';
import { bun } from './runtimes.js';

otherRuntime('Bun', bun);
