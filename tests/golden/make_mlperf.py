"""Golden outputs of the MLPerf Tiny keyword-spotting model, from LiteRT's reference kernels.

    pip install -r tests/interop/requirements.txt
    python3 tests/golden/make_mlperf.py MODEL.tflite > tests/golden/mlperf_kws.txt

Element i of example k is a fixed function of both, so that no inputs are stored. One line per
example: its twelve int8 outputs.
"""

import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

interpreter = Interpreter(
    model_path=sys.argv[1], experimental_op_resolver_type=OpResolverType.BUILTIN_REF
)
interpreter.allocate_tensors()
source = interpreter.get_input_details()[0]
target = interpreter.get_output_details()[0]
i = np.arange(np.prod(source["shape"]), dtype=np.int64)
for k in range(16):
    # A coarse pattern: noise alone would always be the same class.
    x = (i // 10 * (3 + k) + i % 10 * (17 * k + 5) + i * i * k // 64) % 256 - 128
    interpreter.set_tensor(source["index"], x.astype(np.int8).reshape(source["shape"]))
    interpreter.invoke()
    print(*interpreter.get_tensor(target["index"]).reshape(-1))
