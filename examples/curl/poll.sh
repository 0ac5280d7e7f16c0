#!/usr/bin/env bash
# The Iskra protocol where nothing but short HTTP requests pass: long-polling, with curl. Each poll names the
# position of the last entry that was seen (the cursor); the server answers with what came behind it, at once or
# as soon as there is something. Nothing is lost between two polls, however long that takes.
#
# Run:  bash examples/curl/poll.sh http://localhost:8000 3      (3: how many messages to say and to hear)

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
post() { curl --silent --show-error --max-time 60 --header 'Content-Type: text/plain' --data-binary @- "$base/$1"; }

# Makes an answer, which is one JSON array of frames, into lines that bash can read: a frame's tag and fields, with a
# character between them that nobody types.
lines() {
  python3 -c '
import json, sys
for tag, *rest in json.load(sys.stdin):
    if tag == "welcome":
        payload = rest[0]["payload"]
        rest = [payload["key"], payload["generation"], *payload["inbox"]]
    elif tag == "entry":
        channel, epoch, offset, envelope = rest[:4]
        payload = envelope["payload"] if isinstance(envelope["payload"], dict) else {}
        # The outcome of a subscription says where it starts; what is said in the room has a text.
        more = payload.get("position") or [" ".join(str(payload.get("text", "")).split())]
        rest = [channel, epoch, offset, envelope["delta"], *more]
    elif tag == "gap":
        channel, reason, was, now = rest
        rest = [channel, reason, *was, *now]
    elif tag in ("close", "error"):
        rest = [rest[0]["delta"], rest[0]["payload"]["message"]]
    print(tag, *rest, sep="\x1f")'
}

key='' generation=0 heard=0
declare -A cursors # channel → "epoch",offset

# Takes an answer in: moves the cursors and prints what was said.
take() {
  [[ -n $1 ]] || fail "no answer from $url. Is the server running? Start it with: npm start"
  local tag a b c d e f
  while IFS=$'\x1f' read -r tag a b c d e f; do
    case $tag in
      welcome)
        key=$a generation=$b cursors['@']="\"$c\",$d"
        ;;
      entry)
        cursors[$a]="\"$b\",$c"
        if [[ $d == subscribed ]]; then
          cursors[$channel]="\"$e\",$f"
        elif [[ $d == said ]]; then
          echo "< $c  $e"
          if [[ $e == *"${nonce:0:4}"* ]]; then heard=$((heard + 1)); fi
        fi
        ;;
      gap)
        if [[ ${cursors[$a]-} == "\"$c\",$d" ]]; then
          cursors[$a]="\"$e\",$f"
          echo "! messages are gone ($b)"
        fi
        ;;
      close | error) fail "$a: $b" ;;
    esac
  done < <(lines <<< "$1")
}

# ── Open ──────────────────────────────────────────────────────────────────────
take "$(post poll <<< "[[\"hello\",{\"version\":1,\"nonce\":\"$nonce\"}],[\"subscribe\",1,\"$channel\",{\"last\":2}]]")"
echo "= generation $generation, cursors: @ at ${cursors['@']}, $channel at ${cursors[$channel]:-not yet}"

# ── Say something, then poll for what is new ──────────────────────────────────
for ((i = 1; i <= count; i++)); do
  text="Привіт з curl, $i of $count (${nonce:0:4})"
  envelope="{\"delta\":\"said\",\"dimension\":1,\"omega\":1,\"lambda\":\"continue\",\"payload\":{\"text\":\"$text\",\"author\":\"curl\"}}"
  echo "> publish $((i + 1)) $text"
  # Sends are numbered; 1 was the subscription.
  take "$(post send <<< "[[\"continue\",{\"nonce\":\"$nonce\",\"key\":\"$key\",\"generation\":$generation}],[\"publish\",$((i + 1)),\"$channel\",$envelope]]")"

  # Others may speak as well, so a poll can bring something else first: a few more, then it is an error.
  for ((poll = 1; heard < i && poll <= 20; poll++)); do
    all=''
    for name in "${!cursors[@]}"; do all+=",\"$name\":[${cursors[$name]}]"; done
    take "$(post poll <<< "[[\"continue\",{\"nonce\":\"$nonce\",\"key\":\"$key\",\"generation\":$generation,\"cursors\":{${all#,}},\"wait\":10000}]]")"
  done
done

[[ $heard == "$count" ]] || fail "said $count, heard $heard"
echo "done: $count said by POST, $count heard by polling"
