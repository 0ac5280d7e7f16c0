import { inNode } from '../browser/places.js';
import { transportConformance } from './conformance.js';

transportConformance('a client in Node', inNode());
