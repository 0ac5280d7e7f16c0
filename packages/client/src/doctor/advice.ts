/** PURE. Each finding of the doctor, and what cures it: a sentence, and the lines for nginx, HAProxy and Apache. */
import type { Curable } from '../cures.js';

/** A verdict of the client's `explain()`, or what only the doctor can see. */
export type FindingCode =
  | Curable
  | 'dns'
  | 'tls'
  | 'proxy-down'
  | 'proxy-auth'
  | 'tunnel-refused'
  | 'wrong-path'
  | 'not-iskra'
  | 'subprotocol-stripped'
  | 'unsteady'
  | 'stream-late'
  | 'compressed'
  | 'send-refused'
  | 'body-limit'
  | 'posts-repeated'
  | 'origin-stripped'
  | 'other-node'
  | 'channel-refused';

/** Configuration, ready to be copied: the upstream is 127.0.0.1:8000 and the path /realtime. */
export interface Lines {
  readonly nginx: string;
  readonly haproxy: string;
  readonly apache: string;
}

export interface Advice {
  /** What is wrong, in a few words. */
  readonly title: string;
  /** What to do about it. */
  readonly cure: string;
  /** Left out where no line of theirs has to do with it. */
  readonly lines?: Lines;
}

/** Apache takes the first that fits, so there is but one, and it does all that is asked of it anywhere here. */
const PASS =
  '# before any other ProxyPass that fits\nProxyPass /realtime/ http://127.0.0.1:8000/realtime/ \\\n  upgrade=websocket flushpackets=on';

/** The path of the server, passed on as it is. */
const MOUNT: Lines = {
  nginx: 'location /realtime/ {\n    proxy_pass http://127.0.0.1:8000;\n}',
  haproxy: 'use_backend iskra if { path_beg /realtime/ }',
  apache: PASS,
};

const STREAM: Lines = {
  nginx: 'proxy_buffering off;\nproxy_cache off;\ngzip off;',
  haproxy: 'option http-no-delay\n# and no "compression" or "http-response wait-for-body"',
  apache: `${PASS}\nSetEnv no-gzip 1`,
};

const PATIENCE: Lines = {
  nginx: 'proxy_read_timeout 75s;\nproxy_send_timeout 75s;',
  haproxy: 'timeout client 75s\ntimeout server 75s\ntimeout tunnel 75s',
  apache: 'Timeout 75\nProxyTimeout 75\n# with mod_proxy_wstunnel also: ProxyWebsocketIdleTimeout 75',
};

export const ADVICE: Readonly<Record<FindingCode, Advice>> = {
  'ws-refused': {
    title: 'The upgrade to WebSocket is refused',
    cure: 'Let Upgrade and Connection pass, with HTTP/1.1 to the server.',
    lines: {
      nginx:
        'proxy_http_version 1.1;\nproxy_set_header Upgrade $http_upgrade;\nproxy_set_header Connection "upgrade";',
      haproxy: 'mode http\n# passes upgrades by itself: no "http-request del-header upgrade"',
      apache: `# 2.4.47 or newer\n${PASS}`,
    },
  },
  'ws-timeout': {
    title: 'The WebSocket handshake gets no answer',
    cure: 'Something holds it back, most often a box that inspects traffic: use https, so that it sees no handshake.',
  },
  'ws-silent': {
    title: 'The WebSocket opens, and what is sent over it does not arrive',
    cure: 'Switch off the inspection of WebSockets on the way, or use https.',
  },
  'ws-killed-early': {
    title: 'The WebSocket ends early, whether it is quiet or not',
    cure: 'Raise the time that an upgraded connection may live.',
    lines: {
      ...PATIENCE,
      haproxy: 'timeout tunnel 75s\n# and no "option httpclose"',
    },
  },
  'sse-refused': { title: 'The stream is not answered', cure: 'Let POST …/sse pass.', lines: MOUNT },
  'sse-buffered': {
    title: 'The stream is collected, and nothing of it arrives',
    cure: 'Switch off the buffering and the compression of answers.',
    lines: STREAM,
  },
  'sse-one-behind': {
    title: 'Each piece of the stream waits for the next one',
    cure: 'Switch off web inspection, in a virus scanner or a gateway; and the buffering of answers.',
    lines: STREAM,
  },
  'sse-killed-early': {
    title: 'The stream ends early, whether it is quiet or not',
    cure: 'Allow answers that take longer.',
    lines: PATIENCE,
  },
  'stream-late': {
    title: 'Pieces of the stream are held back for a while',
    cure: 'Switch off what gathers answers: buffering, compression, delays for small packets.',
    lines: { ...STREAM, nginx: 'proxy_buffering off;\ngzip off;\ntcp_nodelay on;' },
  },
  unsteady: {
    title: 'Connections are cut now and then',
    cure: 'The client repeats what was cut. Look for what resets them: a box that is short of room, or a bad line.',
  },
  compressed: {
    title: 'Answers are compressed on the way',
    cure: 'Leave them as they are (they say no-transform): a compressor collects a stream before it passes it on.',
    lines: {
      nginx: 'gzip off;',
      haproxy: '# no "filter compression", no "compression algo"',
      apache: 'SetEnv no-gzip 1\nSetEnv no-brotli 1',
    },
  },
  'poll-refused': { title: 'A poll gets no answer', cure: 'Let POST …/poll pass.', lines: MOUNT },
  'poll-cut': {
    title: 'A held poll is cut before its time',
    cure: 'Allow answers to take 30 s; until then the client asks at intervals.',
    lines: PATIENCE,
  },
  'poll-oversize': {
    title: 'Larger answers are broken off',
    cure: 'Allow answers of 256 KiB. Until then the client asks for smaller ones, and what does not pass alone is told as a gap.',
    lines: {
      nginx: '# has no limit of its own: look at what stands before it',
      haproxy: '# has no limit of its own: look for "http-response deny" with res.body_size',
      apache:
        '# does not limit what it passes on; with mod_security:\n# SecResponseBodyLimit 524288, SecResponseBodyLimitAction ProcessPartial',
    },
  },
  'send-refused': {
    title: 'What is sent by POST does not arrive',
    cure: 'Let POST …/send pass.',
    lines: MOUNT,
  },
  'half-open': {
    title: 'A connection goes silent, and nobody is told that it ended',
    cure: 'Let NAT and firewalls keep connections for longer than the heartbeat of the server, or lower the heartbeat.',
  },
  'idle-cut': {
    title: 'A quiet connection is cut',
    cure: 'Raise the idle timeout over the heartbeat of the server, or lower the heartbeat.',
    lines: PATIENCE,
  },
  'body-limit': {
    title: 'Larger requests do not pass',
    cure: 'Allow bodies up to 256 KiB, better 1 MiB. Until then the client sends smaller messages.',
    lines: {
      nginx: 'client_max_body_size 1m;',
      haproxy: '# has no limit of its own: look for "http-request deny" with req.body_size',
      apache:
        '# does not limit what it passes on; with mod_security:\n# SecRequestBodyLimit 1048576, SecRequestBodyNoFilesLimit 1048576',
    },
  },
  'posts-repeated': {
    title: 'Requests are repeated on the way',
    cure: 'No send is performed twice, as they are numbered, and no copy takes a session; but each costs the server as much again. Repeat nothing but GET.',
    lines: {
      nginx: 'proxy_next_upstream error timeout;',
      haproxy: 'http-request disable-l7-retry if METH_POST',
      apache: '# repeats nothing that it has passed on',
    },
  },
  'origin-stripped': {
    title: 'The server does not see from which page a request comes',
    cure: 'Let Origin pass: without it, the list of origins protects nobody.',
    lines: {
      nginx: 'proxy_set_header Origin $http_origin;',
      haproxy: '# no "http-request del-header origin"',
      apache: '# no "RequestHeader unset Origin"',
    },
  },
  'subprotocol-stripped': {
    title: 'The WebSocket opens without its subprotocol, and browsers close it',
    cure: 'Let Sec-WebSocket-Protocol pass, both ways.',
    lines: {
      nginx: 'proxy_set_header Sec-WebSocket-Protocol $http_sec_websocket_protocol;',
      haproxy: '# no "http-request del-header sec-websocket-protocol"',
      apache: '# no "RequestHeader unset Sec-WebSocket-Protocol"',
    },
  },
  'channel-refused': {
    title: 'The server does not allow the channel',
    cure: 'Look at what authorize says to these credentials, and whether the contract has the channel.',
  },
  'other-node': {
    title: 'Requests of one session reach servers that do not know each other',
    cure: 'Let the nodes share a Redis and a secret. Until then send a client to the same node each time, or run one: the store in memory is shared by nobody.',
    lines: {
      nginx: 'upstream iskra {\n    ip_hash;\n    server 10.0.0.1:8000;\n    server 10.0.0.2:8000;\n}',
      haproxy: 'balance source',
      apache: '# has no balancer by address: use one BalancerMember',
    },
  },
  auth: {
    title: 'The credentials are refused',
    cure: 'Give those that the application uses (--auth, as JSON); else look at what authenticate says to them.',
  },
  forbidden: {
    title: 'The server does not allow a page of this origin',
    cure: 'Pass Host on as the browser sent it; if pages come from another host, list it in origins and test with --origin.',
    lines: {
      nginx: 'proxy_set_header Host $http_host;',
      haproxy: '# passes Host by itself: no "http-request set-header host"',
      apache: 'ProxyPreserveHost On',
    },
  },
  version: {
    title: 'The server speaks another version of the protocol',
    cure: 'Use the client, or the iskra command, of the same version as the server.',
  },
  overload: {
    title: 'The server takes no new sessions now',
    cure: 'It has no room, exceeded a rate, or is on its way out. Try again; else see its log and its limits.',
  },
  'not-available': {
    title: 'The server does not have this transport',
    cure: 'Mount all of realtime.app, or leave it out of the transports of the client.',
    lines: MOUNT,
  },
  'wrong-path': {
    title: 'Nothing of Iskra is at this path',
    cure: 'Give the base path of the transports, as in http://localhost:8000/realtime, or pass it on to the server.',
    lines: MOUNT,
  },
  'not-iskra': {
    title: 'Something else answers at this address',
    cure: 'Is the address right? Look at who answers: a login page, a filter, another application.',
    lines: MOUNT,
  },
  'server-down': {
    title: 'No server answers',
    cure: 'Is the address right, and does the server run? Ask it from where it stands: iskra health <url>.',
  },
  dns: {
    title: 'The host name has no address',
    cure: 'Is it spelled right, and known to the resolver of this network?',
  },
  tls: {
    title: 'The connection cannot be secured',
    cure: 'Give the server a certificate for this name, with the whole chain. If a box on the way signs traffic itself, trust its authority: NODE_EXTRA_CA_CERTS=its.pem.',
    lines: {
      nginx: 'ssl_certificate     /etc/ssl/fullchain.pem;\nssl_certificate_key /etc/ssl/private.pem;',
      haproxy: 'bind :443 ssl crt /etc/haproxy/fullchain-and-key.pem',
      apache: 'SSLCertificateFile    /etc/ssl/fullchain.pem\nSSLCertificateKeyFile /etc/ssl/private.pem',
    },
  },
  'proxy-down': {
    title: 'The proxy of the environment does not answer',
    cure: 'Is the address in HTTP_PROXY or HTTPS_PROXY right? NO_PROXY lists hosts that are reached without it.',
  },
  'proxy-auth': {
    title: 'The proxy of the environment wants credentials',
    cure: 'Put them into its address: http://name:password@proxy:3128.',
  },
  'tunnel-refused': {
    title: 'The proxy of the environment refuses to tunnel',
    cure: 'Most proxies do so for port 443 only: serve https there, or have the proxy allow CONNECT to this port. A WebSocket needs a tunnel, also with plain http.',
  },
};
