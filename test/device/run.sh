#!/usr/bin/env bash
# Measures the engine on this machine's GPU: test/device/run.sh [row …], by default all rows. One JSON line a row.
#   --cpu            the same rows, small, with the CPU's kernels on tensors that stay where a GPU's would
#   OUT=folder       where rows.jsonl, logs and models go (.data/device). A row that is in rows.jsonl is not measured again, so that a
#                    second call goes on where the first one stopped
#   SECONDS_AT_MOST  after so many no further row is started (270); ROW_SECONDS: the most that one takes (120;
#                    the demo twice that)
#   PIECES=folder    what pack.sh made, for a machine without Node and without the repository's packages; pieces that come in calls of
#                    their own are kept unpacked in OUT
#   PYTHON=command   a Python with torch and transformers (python3); without them only our rows are measured
set -uo pipefail
here=$(dirname "$(realpath "$0")"); root=$(realpath "$here/../.."); started=$(date +%s)
device=cuda; size=(); rows=()
for word in "$@"; do
  case $word in
    --cpu) device=cuda-resident; size=(--small) ;;
    *) rows+=("$word") ;;
  esac
done
out=${OUT:-$root/.data/device}; python=${PYTHON:-python3}; results=$out/rows.jsonl
mkdir -p "$out"; touch "$results"; export REFT_ROWS_FOLDER=$out/models
missing=0; lack() { echo "missing: $*" >&2; missing=1; }

# The program: of the pieces, else of the repository.
program=(node --import tsx "$here/rows/main.ts")
if [ -n "${PIECES:-}" ]; then
  unpacked=$out/unpacked
  "$here/unpack.sh" "$PIECES" "$unpacked" || exit 1
  [ -e "$unpacked/done-a" ] || lack "piece a: Node and the program"
  [ "$device" != cuda ] || [ -e "$unpacked/done-b" ] || lack "piece b: onnxruntime's CUDA provider"
  program=("$unpacked/node" "$unpacked/main.mjs")
  REFT_CUDA_LIBRARIES=$unpacked/ort${REFT_CUDA_LIBRARIES:+:$REFT_CUDA_LIBRARIES}
else
  cd "$root" || exit 1
  [ -d node_modules/tsx ] || lack "the repository's packages (npm ci), or PIECES"
fi

# CUDA's libraries: those that reft gpu has fetched, pip's, a toolkit's. The system's loader finds the others.
if [ $device = cuda ]; then
  command -v nvidia-smi >/dev/null || lack "a GPU with its driver (nvidia-smi)"
  packages=$("$python" -c 'import site; print(*site.getsitepackages(), sep="\n")' 2>/dev/null)
  folders=$( { ls -d "$root"/.data/gpu/*/ /usr/local/cuda*/lib64 /usr/local/nvidia/lib64
    for folder in $packages; do ls -d "$folder"/nvidia/*/lib; done; } 2>/dev/null | paste -sd:)
  export REFT_CUDA_LIBRARIES=${REFT_CUDA_LIBRARIES:+$REFT_CUDA_LIBRARIES:}$folders
  # Of each other they are opened by name.
  export LD_LIBRARY_PATH=$REFT_CUDA_LIBRARIES${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
fi
[ $missing = 0 ] || exit 1

isMeasured() { grep -q "\"row\":\"$1\"" <(grep -v '"error":' "$results"); }
hasTime() { [ $(($(date +%s) - started)) -lt "${SECONDS_AT_MOST:-270}" ]; }

# measure NAME COMMAND…: what the command prints last is the row.
measure() {
  local name=$1; shift
  isMeasured "$name" && return
  hasTime || { echo "left for the next call: $name" >&2; return; }
  local line
  line=$(timeout "${ROW_SECONDS:-120}" "$@" 2>"$out/$name.log" | tail -1); local status=${PIPESTATUS[0]}
  case $line in
    '{'*) ;;
    *) line="{\"row\":\"$name\",\"error\":\"exit status $status, see $name.log\"}" ;;
  esac
  echo "$line" | tee -a "$results"
}

# The demo is the whole repository with its servers; pieces have the engine alone.
[ ${#rows[@]} -gt 0 ] || mapfile -t rows < <("${program[@]}" --list; [ -n "${PIECES:-}" ] || echo demo
  [ "$device" != cuda ] || "$python" "$here/pytorch.py" --list)
for row in "${rows[@]}"; do
  case $row in
    pytorch-*) measure "$row" "$python" "$here/pytorch.py" "$row" "${size[@]}" ;;
    demo) ROW_SECONDS=$((2 * ${ROW_SECONDS:-120})) REFT_DEVICE=$device measure "$row" node "$here/rows/demo.mjs" "${size[@]}" ;;
    *) REFT_DEVICE=$device measure "$row" "${program[@]}" "$row" "${size[@]}" ;;
  esac
done
# Every row that was asked for is there, and none is an error.
for row in "${rows[@]}"; do isMeasured "$row" || exit 1; done
