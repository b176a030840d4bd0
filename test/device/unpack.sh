#!/usr/bin/env bash
# Unpacks what pack.sh made: test/device/unpack.sh PIECES FOLDER. Needs Python's standard library, and no xz. Pieces may come one by
# one, in calls of their own: those that are there are unpacked, once each, and the folder has `done-a` and `done-b` for them.
set -euo pipefail
pieces=$(realpath "${1:?the pieces}"); to=${2:?a folder}; python=${PYTHON:-python3}; mkdir -p "$to/ort"
unxz_to() { "$python" -c 'import lzma, shutil, sys; shutil.copyfileobj(lzma.open(sys.argv[1]), open(sys.argv[2], "wb"), 1 << 20)' "$1" "$2"; }
if [ -d "$pieces/a" ] && [ ! -e "$to/done-a" ]; then
  "$python" -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$pieces/a/program.tar.xz" "$to"
  unxz_to "$pieces/a/node.xz" "$to/node"; chmod +x "$to/node"
  core=$to/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/libonnxruntime.so.1
  unxz_to "$pieces/a/core.xz" "$core"
  # A file of its own: onnxruntime looks for providers beside the library that it was loaded from.
  cp "$core" "$to/ort/libonnxruntime.so.1"
  touch "$to/done-a"
fi
if [ -d "$pieces/b" ] && [ ! -e "$to/done-b" ]; then
  unxz_to "$pieces/b/provider.xz" "$to/ort/libonnxruntime_providers_cuda.so"
  cp "$pieces/b/libonnxruntime_providers_shared.so" "$to/ort/"
  touch "$to/done-b"
fi
