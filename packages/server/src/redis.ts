/** The entry ./redis: the store for several nodes. Apart, so that whoever has one node need not have ioredis. */
export { redisStore } from './stores/redis.js';
export type { RedisStoreOptions } from './stores/redis.js';
