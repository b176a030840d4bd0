#!/usr/bin/env bash
# Makes what a bare GPU machine needs for run.sh, in pieces of less than 64 MiB: test/device/pack.sh FOLDER [PROVIDER]
#   FOLDER/a   Node, onnxruntime's core library and binding, koffi, the engine with the rows as one file
#   FOLDER/b   onnxruntime's CUDA provider, cut down to the machine code of sm_90 (H100, H200): for carrying only
# PROVIDER: the folder of libonnxruntime_providers_cuda.so, as `npx reft gpu` leaves it (.data/gpu/onnxruntime-gpu-…).
set -euo pipefail
here=$(dirname "$(realpath "$0")"); root=$(realpath "$here/../.."); to=${1:?a folder}
provider=${2:-$(ls -d "$root"/.data/gpu/onnxruntime-gpu-* | tail -1)}
mkdir -p "$to/a" "$to/b"; to=$(realpath "$to"); stage=$(mktemp -d); trap 'rm -rf "$stage"' EXIT
modules=$root/node_modules; native=onnxruntime-node/bin/napi-v6/linux/x64
squeeze() { xz -T0 -9 -c "$1" > "$2"; }

strip -o "$stage/node" "$(readlink -f "$(command -v node)")"
squeeze "$stage/node" "$to/a/node.xz"; rm "$stage/node"
squeeze "$modules/$native/libonnxruntime.so.1" "$to/a/core.xz"
# koffi and onnxruntime-node load files of their own, so they stay packages.
"$modules/.bin/esbuild" "$here/rows/main.ts" --bundle --platform=node --format=esm --target=node20 --log-level=warning \
  --external:koffi --external:onnxruntime-node --outfile="$stage/main.mjs" \
  --banner:js="import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
# Files that the program reads beside itself.
cp "$root/activities/engine/graph/onnx/onnx.proto" "$root/activities/engine/ort/kernels/fused.cu" "$stage/"
(cd "$modules" && for package in koffi @koromix/koffi-linux-x64 onnxruntime-common; do
  find "$package" -type f \( -name '*.js' -o -name '*.cjs' -o -name '*.mjs' -o -name '*.node' -o -name package.json \) -not -path '*/vendor/*' -print0
done | xargs -0 cp --parents -t "$(mkdir -p "$stage/node_modules" && echo "$stage/node_modules")")
(cd "$modules" && find onnxruntime-node/dist onnxruntime-node/package.json "$native/onnxruntime_binding.node" -type f -print0 |
  xargs -0 cp --parents -t "$stage/node_modules")
tar -C "$stage" -c . | xz -T0 -9 > "$to/a/program.tar.xz"

"${PYTHON:-python3}" "$here/fatbin.py" "$provider/libonnxruntime_providers_cuda.so" "$stage/provider.so" 90 > /dev/null
squeeze "$stage/provider.so" "$to/b/provider.xz"
cp "$provider/libonnxruntime_providers_shared.so" "$to/b/"
for piece in "$to"/*/; do
  [ "$(du -sb "$piece" | cut -f1)" -le $((64 << 20)) ] || { echo "$piece is larger than 64 MiB" >&2; exit 1; }
done
du -sb "$to"/*/
