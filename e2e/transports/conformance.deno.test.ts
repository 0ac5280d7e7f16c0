import { otherRuntime } from './other-runtime.js';
import { deno } from './runtimes.js';

otherRuntime('Deno', deno);
