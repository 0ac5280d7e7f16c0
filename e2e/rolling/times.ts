/** Between two looks of the balancer at a node, ms; two in a row decide. */
export const CHECK = 500;
/** That a node stays as it is after its readiness went off: the balancer has seen it by then, ms. */
export const NOTICE = 3 * CHECK;
/** That clients have to leave, ms: more than they need. */
export const TIMEOUT = 60_000;
/** Over which so few clients are sent away, ms: see the guide. */
export const SPREAD = 5_000;
