#!/bin/sh
# The pre-commit hook: runs mesh-guard from the sources. pre-commit cannot install the package, because npm builds a global
# package from Git without its development dependencies.
set -e
root=$(dirname "$0")/..
# npm writes this file last.
if [ ! -f "$root/node_modules/.package-lock.json" ]; then
  (cd "$root" && npm ci --omit=dev --ignore-scripts >&2)
fi
exec node "$root/src/main.ts" check "$@"
