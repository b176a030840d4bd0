#!/usr/bin/env bash
# Runs the device programs on this machine's GPU: test/device/run.sh [section …], by default all. Says what is missing.
#   ORT       the folder of libonnxruntime.so.1 and libonnxruntime_providers_{cuda,shared}.so, of one version
#   MODULES   the folder of a node_modules with koffi in it; default: the repository's
#   OUT       where results go; default: .data/device
set -uo pipefail
here=$(dirname "$(realpath "$0")"); root=$(realpath "$here/../.."); work=${OUT:-$root/.data/device}; missing=0
lack() { echo "missing: $*" >&2; missing=1; }

command -v nvidia-smi >/dev/null || lack "a GPU with its driver (nvidia-smi)"
for library in libonnxruntime.so.1 libonnxruntime_providers_cuda.so libonnxruntime_providers_shared.so; do
  [ -e "${ORT:-}/$library" ] || lack "\$ORT/$library (core: onnxruntime-node; providers: the wheel onnxruntime-gpu of the same version)"
done
modules=${MODULES:-$root/node_modules}
[ -d "$modules/koffi" ] || lack "koffi in $modules (npm install koffi in a folder of its own, and MODULES=…/node_modules)"
[ -d "$root/node_modules/tsx" ] || lack "the repository's packages (npm ci)"

# CUDA's libraries: where the linker finds them, in pip's packages, or in an installed toolkit.
packages=$(python3 -c 'import site; print(*site.getsitepackages(), sep="\n")' 2>/dev/null)
folders=
for library in libcudart.so.13 libcublas.so.13 libcublasLt.so.13 libcurand.so.10 libcudnn.so.9 libnvrtc.so.13 libcuda.so.1; do
  ldconfig -p | grep -q "$library" && continue
  found=$( { for folder in $packages; do ls "$folder"/nvidia/*/lib/$library; done; ls /usr/local/cuda*/lib64/$library /usr/local/nvidia/lib64/$library; } 2>/dev/null | head -1)
  if [ -n "$found" ]; then folders=$(dirname "$found"):$folders; else lack "$library"; fi
done
[ $missing = 0 ] || exit 1

mkdir -p "$work/programs" "$work/graphs"
cp -r "$here"/*.mjs "$here/kernels" "$work/programs/"
ln -sfn "$(realpath "$modules")" "$work/programs/node_modules"
[ -e "$work/graphs/gradients-30-bfloat16.onnx" ] || (cd "$root" && node --import tsx test/device/graphs.ts "$work/graphs") || exit 1
bench() {
  echo "== $*"
  LD_LIBRARY_PATH=$folders${LD_LIBRARY_PATH:-} OUT=$work timeout 300 node "$work/programs/bench.mjs" "$@" --ort "$ORT" --graphs "$work/graphs"
}
for section in "${@:-all}"; do
  case $section in
    check | all) bench check --modes float32,tf32,float16,bfloat16 ;;&
    train | all) bench train --sizes 16x128,8x512,32x512 ;;&
    qwen | all) bench train --model qwen --sizes 16x128,8x512 --recorded yes ;;&
    long | all) bench long --modes float16,bfloat16,tf32 --sizes 16x128 ;;&
    decode | all) bench decode ;;&
    pytorch | all) for part in train generate qwen; do echo "== pytorch $part"; timeout 300 python3 "$here/pytorch.py" "$part"; done ;;&
  esac
done 2>&1 | tee -a "$work/log"
