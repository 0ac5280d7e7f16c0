#!/usr/bin/env bash
# The Iskra protocol with nothing but bash and curl: one stream of events down, and a POST for each message up.
# Everything that arrives is printed as it is on the wire.
#
# Run:  bash examples/curl/sse.sh http://localhost:8000 3      (3: how many messages to say)

set -euo pipefail

url=${1:-${ISKRA_URL:-http://localhost:8000}}
count=${2:-3}
base=${url%/}/realtime
channel=room:lobby

fail() {
  echo "failed: $1" >&2
  exit 1
}

# 22 characters, 128 random bits: new for every session.
nonce=$(head -c 16 /dev/urandom | base64 | tr '+/' '-_' | cut -c 1-22)

# Bodies go through standard input: on a command line every user of the machine could read the key in them.
# The type must be JSON or plain text; `curl -d` alone would say that it is a form.
post() { curl --silent --show-error --no-buffer --max-time 60 --header 'Content-Type: text/plain' --data-binary @- "$base/$1"; }

# ── Down ──────────────────────────────────────────────────────────────────────
# The stream opens the session and subscribes. The server may send up to two of the older entries first.
# curl runs in the background; its lines arrive at descriptor 3.
exec 3< <(post sse <<< "[[\"hello\",{\"version\":1,\"nonce\":\"$nonce\"}],[\"subscribe\",1,\"$channel\",{\"last\":2}]]")
stream=$!
trap 'kill "$stream" 2> /dev/null || true' EXIT

# Reads lines of the stream until one has this in it; every line starts with "data: ".
await() {
  while read -r -t 20 line <&3; do
    [[ -z $line ]] || echo "< $line"
    [[ $line == *"$1"* ]] && return
  done
  fail "$url did not send $1. Is the server running? Start it with: npm start"
}

await '"welcome"'
key=$(sed -n 's/.*"key":"\([^"]*\)".*/\1/p' <<< "$line")
generation=$(sed -n 's/.*"generation":\([0-9]*\).*/\1/p' <<< "$line")
[[ $line == *'"subscribed"'* ]] || await '"subscribed"'

# ── Up ────────────────────────────────────────────────────────────────────────
# `continue` proves the session with its nonce and key. Sends are numbered; 1 was the subscription.
for ((i = 1; i <= count; i++)); do
  text="Привіт з curl, $i of $count (${nonce:0:4})"
  envelope="{\"delta\":\"said\",\"dimension\":1,\"omega\":1,\"lambda\":\"continue\",\"payload\":{\"text\":\"$text\",\"author\":\"curl\"}}"
  echo "> publish $((i + 1)) $text"
  answer=$(post send <<< "[[\"continue\",{\"nonce\":\"$nonce\",\"key\":\"$key\",\"generation\":$generation}],[\"publish\",$((i + 1)),\"$channel\",$envelope]]")
  [[ $answer == *'"acked"'* ]] || fail "the server answered $answer"
  await "$text"
done

echo "done: $count said by POST, $count heard on the stream"
