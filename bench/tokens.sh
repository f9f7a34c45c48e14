# Sourced by the benchmarks of the API: tokens of twenty owners, one a line in $folder/tokens.

encode() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
token() {
  local head body
  head="$(printf '{"alg":"HS256","typ":"JWT"}' | encode)"
  body="$(printf '{"sub":"%s","role":"authenticated","exp":%d,"email":"user@example.org"}' "$1" $(($(date +%s) + 86400)) | encode)"
  printf '%s.%s.%s\n' "$head" "$body" "$(printf '%s.%s' "$head" "$body" | openssl dgst -sha256 -hmac "$SECRET" -binary | encode)"
}
make_tokens() {
  local owner
  for owner in $(seq 20); do token "$(printf '00000000-0000-4000-8000-%012d' "$owner")"; done >"$folder/tokens"
}
