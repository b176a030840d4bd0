#!/usr/bin/env bash
# Builds the stand-in for CUDA's libraries (standIn.c): test/device/standIn.sh FOLDER, then LD_LIBRARY_PATH=FOLDER bench.mjs ….
# The engine's own kernels run with it, compiled by gcc. The real NVRTC crashes in a process with it.
set -euo pipefail
here=$(dirname "$(realpath "$0")"); to=${1:?a folder}; mkdir -p "$to"
gcc -w -O1 -shared -fPIC "$here/standIn.c" -o "$to/libcudart.so.13" -Wl,-soname,libcudart.so.13 -ldl
for type in BFLOAT16 FLOAT16; do
  sed 's/extern "C" //' "$here/../../activities/engine/ort/kernels/fused.cu" |
    gcc -w -O1 -x c -DSTAND_IN -D$type -I"$here" -shared -fPIC - -o "$(realpath "$to")/kernels-$type.so" -lm
done
for library in libcublas.so.13 libcublasLt.so.13 libcurand.so.10 libcudnn.so.9 libcuda.so.1 libnvrtc.so.13; do
  echo 'int stand_in;' | gcc -x c -shared -fPIC - -o "$to/$library" -Wl,-soname,$library -Wl,--no-as-needed -L"$to" -l:libcudart.so.13
done
ln -sf libcudnn.so.9 "$to/libcudnn.so"
