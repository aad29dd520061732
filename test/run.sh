#!/bin/bash
# Runs the tests (all, or the files named): a line for each file, what failed and what was skipped in full, and at the
# end one line to count on, `N passed, N failed, N skipped`. The exit status is tap's own. Keeps all in build/test.tap.
# SPDX-License-Identifier: Apache-2.0
set -euo pipefail

cd "$(dirname "$0")/.."
mkdir -p build
record=build/test.tap

# Depth is indentation by four. An assertion's details stand below it between `---` and `...`.
show='
  inDetails { if (isShown) print; if ($0 ~ /^ *\.\.\.$/) inDetails = 0; next }
  /^ *---$/ { inDetails = 1; if (isShown) print; next }
  /^ *(not )?ok / { isShown = ($0 ~ /^ *not ok /); isFile = ($0 ~ /^(not )?ok /) }
  /^ *(not )?ok / && (isShown || isFile || / # (SKIP|TODO)/) { print; fflush() }
  /^Bail out!/ { print }
'
# tap sums up as `# { total: 9, pass: 4, fail: 3, todo: 1, skip: 1 }`, zeros left out. A file that breaks its plan or
# dies makes tap fail without a failed assertion: that counts as one.
sum='
  function count(name) {
    return match(summary, name ": [0-9]+") ? substr(summary, RSTART + length(name) + 2, RLENGTH) + 0 : 0
  }
  /^# \{ total: / { summary = $0 }
  END {
    failed = count("fail")
    if (failed == 0 && status != 0) failed = 1
    printf "%d passed, %d failed, %d skipped\n", count("pass"), failed, count("skip") + count("todo")
  }
'

# Debian's awk would wait for more of a pipe than there is, and show nothing for minutes.
live=(awk)
case $(awk -W version 2>&1 </dev/null) in mawk*) live+=(-W interactive) ;; esac

status=0
node_modules/.bin/tap --reporter=tap "$@" | tee "$record" | "${live[@]}" "$show" || status=$?
# A runner that ran nothing has not passed.
[ "$status" != 0 ] || grep -q '^# { total: ' "$record" || status=1
awk -v status="$status" "$sum" "$record"
exit "$status"
