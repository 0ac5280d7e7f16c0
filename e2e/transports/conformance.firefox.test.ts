import { inBrowser } from '../browser/places.js';
import { transportConformance } from './conformance.js';

transportConformance('a client in Firefox', inBrowser('Firefox'));
