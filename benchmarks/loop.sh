#!/bin/bash
# What one writes without Stomper: one file at a time, worktree, ruff --fix, recheck, diff, apply, commit, remove.
# `loop.sh REPOSITORY FILES SCRATCH` prints the time at its start, after collecting, and after each file.
set -euo pipefail
repository=$1 files=$2 scratch=$3
mkdir -p "$scratch"
cd "$repository"
echo "$EPOCHREALTIME"
ruff check --no-cache --quiet --exit-zero --output-format concise . >"$scratch/found"
cut -d: -f1 "$scratch/found" | sort -u >"$scratch/names"
head -n "$files" "$scratch/names" >"$scratch/todo"
echo "$EPOCHREALTIME"
while IFS= read -r file; do
    tree=$scratch/tree
    git worktree add --quiet --detach "$tree" HEAD
    (cd "$tree" && ruff check --fix --no-cache --quiet --exit-zero -- "$file")
    (cd "$tree" && ruff check --no-cache --quiet -- "$file")
    git -C "$tree" diff --binary >"$scratch/patch"
    git apply --index "$scratch/patch"
    git commit --quiet -m "fix: repair $file"
    git worktree remove --force "$tree"
    echo "$EPOCHREALTIME"
done <"$scratch/todo"
