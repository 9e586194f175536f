#!/usr/bin/env bash
# Verifies a phone in a terminal: verify.sh PHONE. Needs VERIFY_URL, and in VERIFY_KEY a key or a user token.
set -euo pipefail

phone=${1:?usage: verify.sh PHONE}
: "${VERIFY_URL:?such as http://127.0.0.1:8080}" "${VERIFY_KEY:?a key of the application, or a user token}"

# call METHOD PATH [JSON]: prints the body; 0 for a success, 1 for a refusal.
call() {
  # The credential goes by a file that no other process can list.
  curl --silent --fail-with-body --max-time 40 --request "$1" "$VERIFY_URL$2" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$VERIFY_KEY") \
    ${3:+--header 'Content-Type: application/json' --data "$3"}
}

# member NAME: the text or number of this name in the JSON of the standard input. A real program has a JSON parser.
member() { sed -nE "s/.*\"$1\":\"?([^\",}]*).*/\1/p"; }

if ! answer=$(call POST /v1/verifications "{\"phone\": \"$phone\"}"); then
  [ -n "$answer" ] || { echo "The service does not answer." >&2; exit 1; }
  echo "Not sent: $(member detail <<<"$answer") ($(member code <<<"$answer"))" >&2
  exit 1
fi
id=$(member id <<<"$answer")
echo "A code is on its way to $(member phone <<<"$answer")."

while read -rp 'Code: ' code; do
  if answer=$(call POST "/v1/verifications/$id/checks" "{\"code\": \"$code\"}"); then
    echo "Verified: $(member phone <<<"$answer")"
    exit
  fi
  case $(member code <<<"$answer") in
    code-incorrect | code-malformed) echo "That is not the code. $(member checks_left <<<"$answer") tries left." >&2 ;;
    *) echo "It is over: $(member detail <<<"$answer")" >&2; exit 1 ;;
  esac
done
exit 1
