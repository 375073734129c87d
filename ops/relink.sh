#!/usr/bin/env bash
# Puts the links of a restored database right: in by standard input the events that were written (one JSON a line, as
# kafka-console-consumer prints them), out to the API what they tell since SINCE. May be run again; see backup.md.
#   API=http://127.0.0.1:4000/graphql KEY=dc_… SINCE=2026-11-23T01:00:00Z ops/relink.sh < events.jsonl
set -euo pipefail
: "${API:?}" "${KEY:?}" "${SINCE:?}"

# The key stands in no list of processes.
ask() {
  curl -sS --fail-with-body "$API" -H 'Content-Type: application/json' --data-binary "$1" \
    -K <(printf 'header = "Authorization: Bearer %s"\n' "$KEY")
}

# The last word on each person with each account. A newer link of the person, or of the account, has ended the older one,
# whether or not its end was still told. Ends come first: an account must be free before it is somebody else's.
last_words() {
  jq -sc --arg since "$SINCE" '
    map(select((.type | test("^discord\\.user\\.(un)?linked\\.v1$")) and .time >= $since)
      | .data + {time, linked: (.type == "discord.user.linked.v1")})
    | map(select(.linked)) as $links
    | ($links | group_by([.clientId, .platformUserId]) | map(max_by(.time))) as $of_people
    | ($links | group_by([.clientId, .discordUserId]) | map(max_by(.time))) as $of_accounts
    | group_by([.clientId, .platformUserId, .discordUserId])
    | map(max_by(.time) | . as $it
      | .linked = (.linked and any($of_people[]; . == $it) and any($of_accounts[]; . == $it)))
    | sort_by(.linked, .time)[]'
}

link() {
  ask "$(jq -c '{
    query: "mutation($input: LinkDiscordUserInput!) { linkDiscordUser(input: $input) { discordUser { id } } }",
    variables: {input: {clientId, platformUserId, discordUserId}}}' <<<"$1")"
}

# Nothing, where the person has no link or has another account.
unlink() {
  local id
  id=$(ask "$(jq -c '{
    query: "query($clientId: ID!, $person: ID!) { discordUserByPlatformId(clientId: $clientId, platformUserId: $person) { id discordUserId } }",
    variables: {clientId, person: .platformUserId}}' <<<"$1")" |
    jq -r --argjson it "$1" '.data.discordUserByPlatformId | select(.discordUserId == $it.discordUserId) | .id')
  if [ -z "$id" ]; then return; fi
  ask "$(jq -nc --arg id "$id" '{
    query: "mutation($id: ID!) { unlinkDiscordUser(input: {id: $id}) { id } }", variables: {$id}}')"
}

last_words | while read -r it; do
  jq -c '[if .linked then "link" else "unlink" end, .platformUserId, .discordUserId]' <<<"$it"
  if [ "$(jq .linked <<<"$it")" = true ]; then answer=$(link "$it"); else answer=$(unlink "$it"); fi
  # What is refused is said, and the rest goes on.
  if [ -n "$answer" ]; then jq -c '.errors[]?.message' <<<"$answer"; fi
done
