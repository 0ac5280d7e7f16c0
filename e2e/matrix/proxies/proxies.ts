/** All real proxies, by the names of their rows. */
import { APACHE } from './apache.js';
import { HAPROXY } from './haproxy.js';
import { NGINX } from './nginx.js';
import type { Recipe } from './run.js';
import { SQUID } from './squid.js';
import { TINYPROXY } from './tinyproxy.js';
import { VARNISH } from './varnish.js';

const ALL = { ...NGINX, ...HAPROXY, ...APACHE, ...SQUID, ...VARNISH, ...TINYPROXY };

export type ProxyName = keyof typeof ALL;
export const PROXIES: Readonly<Record<ProxyName, Recipe>> = ALL;
