#!/usr/bin/env bash
# completions as bash, zsh and fish load them; the manual page as man, mandb, lexgrog and mandoc read it
for need in zsh fish man mandoc; do
  command -v "$need" >/dev/null || apt_install zsh fish man-db mandoc
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/bin" "$work/man/man1" "$work/zsh"
ln -s "$BINARY" "$work/bin/civic-os"
export PATH="$work/bin:$PATH" HOME="$work"
passed=0 failed=0
expect() { # WHAT WANTED FOUND
  if [ "$2" = "$3" ]; then passed=$((passed + 1)); else
    printf '%s: "%s" instead of "%s"\n' "$1" "$3" "$2"
    failed=$((failed + 1))
  fi
}

civic-os completions bash >"$work/civic-os.bash"
civic-os completions fish >"$work/civic-os.fish"
civic-os completions zsh >"$work/zsh/_civic-os"
in_bash() { # WORD …: what bash offers for the last one
  bash -euc 'source "$0"; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); f="$(complete -p civic-os)"; f="${f##*-F }"
    "${f%% *}" civic-os "${COMP_WORDS[-1]}" "${COMP_WORDS[-2]}"; echo "${COMPREPLY[@]}"' "$work/civic-os.bash" "$@" 2>&1
}
expect bash migrate "$(in_bash civic-os mig)"
expect 'bash, a verb of a verb' revert "$(in_bash civic-os migrate rev)"
expect fish migrate "$(fish -c "source $work/civic-os.fish; complete -C 'civic-os mig'" 2>&1 | cut -f1)"
expect 'fish, a verb of a verb' revert "$(fish -c "source $work/civic-os.fish; complete -C 'civic-os migrate rev'" 2>&1 | cut -f1)"
# zsh completes in its line editor only, so an interactive one gets the keys.
expect zsh 'civic-os migrate' "$(ZDOTDIR="$work" python3 tests/parts/zsh_keys.py "$work/zsh" 'civic-os mig' 2>&1)"
expect 'zsh, a verb of a verb' 'civic-os migrate revert' "$(ZDOTDIR="$work" python3 tests/parts/zsh_keys.py "$work/zsh" 'civic-os migrate rev' 2>&1)"

civic-os man >"$work/man/man1/civic-os.1"
expect 'man: warnings' '' "$(MANWIDTH=80 man --warnings=w -l "$work/man/man1/civic-os.1" 2>&1 >"$work/page")"
expect 'man: verbs' 1 "$(grep -c '^ *civic-os migrate revert$' "$work/page")"
expect 'mandoc: errors' '' "$(mandoc -T lint -W error "$work/man/man1/civic-os.1" 2>&1)"
expect lexgrog "civic-os.1: \"civic-os - Civic applications from a PostgreSQL schema\"" "$(cd "$work/man/man1" && lexgrog civic-os.1 2>&1)"
chmod -R a+rX "$work"
expect mandb '1 manual page was added.' "$(mandb --user-db --create "$work/man" 2>&1 | grep -E 'was added|warning|whatis parse')"
printf 'shells: %d passed, %d failed, 0 skipped\n' "$passed" "$failed"
[ "$failed" = 0 ]
