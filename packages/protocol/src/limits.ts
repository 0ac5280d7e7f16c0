/**
 * Every default and every maximum of the wire, with its unit and its reason.
 *
 * A limit that a server may change is announced in `welcome`; the others are
 * part of the protocol and the same everywhere.
 */

/** The only protocol version this package speaks. */
export const VERSION = 1;

/** WebSocket subprotocol. A proxy that strips it is visible in the handshake answer. */
export const SUBPROTOCOL = 'iskra.1';

/** The name of a session's own log. No application channel can be called this. */
export const INBOX = '@';

/** The log of what happens on the servers (P80). No application channel can be called this either. */
export const SYSTEM = '@system';

/** The request that reads a member list page by page (P48). Names of requests that start so are the server's own. */
export const MEMBERS = '@members';

/** The request by which a client tells what its attempts proved, for the server's numbers (P85). */
export const VERDICTS = '@verdicts';

/** Pairs of a transport and a verdict in one such request: four transports seldom fail in more ways. */
export const MAX_VERDICTS = 16;

/** Bytes of one encoded message from a client, all frames together. Fits every proxy's default body limit (nginx: 1 MiB). */
export const MAX_MESSAGE_BYTES = 256 * 1024;

/** Bytes of the smallest answer that a poll may ask for: `welcome` fits, with what may come beside it. */
export const MIN_ANSWER_BYTES = 1_024;

/** Bytes of one encoded envelope. A quarter of a message, so that one large send never blocks the batch beside it. */
export const MAX_ENVELOPE_BYTES = 64 * 1024;

/** Bytes of one member as JSON: a page of a member list holds a few of them at least. */
export const MAX_MEMBER_BYTES = 16 * 1024;

/** Frames in one message: bounds the work that one read can cause. */
export const MAX_FRAMES = 512;

/** Nesting of a payload. Deeper values overflow naive recursive code in applications (CVE-2026-45591 in a peer). */
export const MAX_DEPTH = 64;

/** Characters of a channel name. */
export const MAX_CHANNEL = 200;

/** Characters of `delta`, `lambda` and `seam_id`. */
export const MAX_NAME = 128;

/** Characters of a fault's `field` and `message`: both can repeat a caller's own key, and a refusal must fit in a log. */
export const MAX_FAULT = 512;

/** `dimension` fits in a byte; five levels have names (message, connection, session, node, cluster). */
export const MAX_DIMENSION = 255;

/** Channels in one cursor vector. 100 cursors are about 4 kB of every poll; more belong in fewer channels. */
export const MAX_CHANNELS = 100;

/** Numbers and offsets end here, long before they lose precision at 2^53 (at 1,000 a second: 142,000 years). */
export const MAX_NUMBER = 2 ** 52;

/** Unsettled sends that a client may have on the wire at once over WebSocket. */
export const SEND_WINDOW = 256;

/** Milliseconds that a session lives on after its last contact. */
export const SESSION_WINDOW = 120_000;

/** Milliseconds between the server's heartbeats: under the 60 s at which most proxies cut an idle connection. */
export const HEARTBEAT = 20_000;

/** Milliseconds that a poll is held: under the 30 s that the strictest gateways allow a request, and with its grace under a heartbeat. */
export const POLL_WAIT = 15_000;

/** Milliseconds after `welcome` at which a stream's first heartbeat proves that nothing on the way buffers it. */
export const MARKER_DELAY = 150;

/** Milliseconds that a superseded connection may still deliver, so that a switch never leaves a pause. */
export const SUPERSEDED_GRACE = 5_000;
