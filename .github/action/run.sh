#!/usr/bin/env bash
# Runs each line of FLOWGATE_TARGETS and fails with the first status that is not 0, but
# only after all have run. With FLOWGATE_SARIF=true the findings of security-check and
# verify become SARIF files; everything else becomes annotations.
set -euo pipefail
reports=$RUNNER_TEMP/flowgate/sarif
failed=0
count=0
while IFS= read -r line; do
  read -ra words <<<"$line" # splits at spaces and expands nothing
  [ ${#words[@]} -gt 0 ] || continue
  count=$((count + 1))
  echo "::group::flowgate ${words[*]}"
  status=0
  case $FLOWGATE_SARIF:${words[0]} in
  true:security-check | true:verify)
    mkdir -p "$reports"
    "$FLOWGATE_PROGRAM" "${words[@]}" -format=sarif >"$reports/$count.sarif" || status=$?
    # A report without findings of a call that was wrong is nothing to upload.
    [ "$status" -le 1 ] || rm -f "$reports/$count.sarif"
    ;;
  *) "$FLOWGATE_PROGRAM" "${words[@]}" -format=github || status=$? ;;
  esac
  echo "::endgroup::"
  [ "$failed" -ne 0 ] || failed=$status
done <<<"$FLOWGATE_TARGETS"
if [ "$count" -eq 0 ]; then
  echo "::error title=targets::The input targets names no target: write one on each line, for example security-check"
  failed=2
fi
echo "version=$("$FLOWGATE_PROGRAM" version -jq .data.flowgate -raw)" >>"$GITHUB_OUTPUT"
if compgen -G "$reports/*.sarif" >/dev/null; then
  echo "reports=$reports" >>"$GITHUB_OUTPUT"
fi
exit "$failed"
