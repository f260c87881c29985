#!/usr/bin/env bash
# One inference of exported files beside LiteRT (XNNPACK) and onnxruntime, one thread each, in turn.
# PYTHON is one with ai-edge-litert, onnxruntime, onnx and numpy. Arguments go to bench/infer.py.
set -euo pipefail
make -s build/gcc/bench/infer
exec "${PYTHON:-python3}" bench/infer.py "$@"
