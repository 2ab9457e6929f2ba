#!/usr/bin/env bash
# A first conversation with a running server, by nothing but bash and curl. Ends with an error where an answer is not as expected.
set -euo pipefail
url="${CDP_HTTP_URL:-http://127.0.0.1:7879}"
: "${CDP_KEY:?is not set. Say: export CDP_KEY=\"\$(cat data/operator.key)\"}"

# Calls a method, which is a POST of JSON, and keeps its answer.
call() {
  answer=$(curl -sS -H "Authorization: Bearer $CDP_KEY" -H 'Content-Type: application/json' "$url/cdp.v1.$1" -d "$2")
}

# Takes the first text of that name out of the answer.
text() {
  [[ $answer =~ \"$1\":\ ?\"([^\"]*)\" ]] || fail "a text named $1"
  printf '%s' "${BASH_REMATCH[1]}"
}

expect() { [[ $answer == *"$1"* ]] || fail "$1"; }

fail() {
  echo "expected $1, got: $answer" >&2
  exit 1
}

# Somebody reads the prices under a cookie, then signs in with an address. Each event has an id that its sender chooses: sent
# again, it counts once. Here each run takes new ones, since the run before was erased for good.
run="$(date +%s)-$$"
call Ingest/PublishEvents '{"events": [
  {"id": "visit-'"$run"'", "type": "Pricing Viewed", "source": "quick-start-curl", "channel": "web",
   "identifiers": [{"namespace": "cookie", "value": "curl-browser"}]},
  {"id": "sign-in-'"$run"'", "kind": "EVENT_KIND_IDENTIFY", "source": "quick-start-curl", "channel": "web",
   "identifiers": [{"namespace": "cookie", "value": "curl-browser"}, {"namespace": "email", "value": "curl@example.com"}]}]}'
expect '"accepted": 2'
token=$(text token)
echo "published   2 events: a visit under a cookie, a sign-in with the cookie and an address"

# The address finds the customer who made the visit. With the token, the read waits until it sees both events.
ann='{"identifier": {"namespace": "email", "value": "curl@example.com"}}'
call Profiles/GetProfile '{"customer": '"$ann"', "purpose": "service", "fields": ["activity"], "afterToken": "'"$token"'"}'
expect '"type": "Pricing Viewed", "count": "1"'
echo "recognised  customer $(text customerId) by the address: Pricing Viewed, once"

# Where is an event, whose is it, what did it do?
call Events/TraceEvent '{"eventId": "visit-'"$run"'", "source": "quick-start-curl"}'
expect '"EVENT_STATE_APPLIED"'
echo "traced      visit-$run: applied, for customer $(text customerId)"

# What may be offered, to whom, and where. Putting both again changes nothing but their version.
call Decisions/PutAction '{"action": {"id": "quick_start_trial", "displayName": "Try it for a month", "labels": ["quick_start"],
  "payloads": [{"channel": "web", "key": "trial-banner"}], "eligibility": "events[\"Pricing Viewed\"].count >= 1"}}'
expect '"quick_start_trial"'
call Decisions/PutPlacement '{"placement": {"id": "quick_start", "channel": "web", "actionLabels": ["quick_start"]}}'
expect '"quick_start"'
call Decisions/Decide '{"placement": "quick_start", "purpose": "service", "afterToken": "'"$token"'",
  "identifiers": [{"namespace": "cookie", "value": "curl-browser"}]}'
expect '"actionId": "quick_start_trial"'
decision=$(text decisionId)
echo "offered     quick_start_trial, shown as $(text key)"

# What came of it is what placements learn from.
call Decisions/RecordOutcomes '{"outcomes": [
  {"id": "accepted", "decisionId": "'"$decision"'", "actionId": "quick_start_trial", "kind": "OUTCOME_KIND_ACCEPTED"}]}'
expect 'OUTCOME_CREDIT_CREDITED'
echo "outcome     accepted, and credited to the decision"

# An error says what to do; programs go by its reason. Remedy: name a declared purpose, as above, or declare this one.
call Profiles/GetProfile '{"customer": '"$ann"', "purpose": "curiosity"}'
expect '"reason": "PURPOSE_UNDECLARED"'
echo "refused     PURPOSE_UNDECLARED: $(text message)"

# Everything of the customer goes, and nothing finds it any more.
call Privacy/EraseCustomer '{"customer": '"$ann"', "reason": "quick start"}'
expect '"signedReceipt"'
echo "erased      receipt $(text id)"
call Profiles/GetProfile '{"customer": '"$ann"', "purpose": "service"}'
expect '"reason": "CUSTOMER_NOT_FOUND"'
echo "All as expected."
