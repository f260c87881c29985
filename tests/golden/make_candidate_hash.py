#!/usr/bin/env python3
"""Candidate hashes of tests/search/test_space.c and tests/search/test_language.c: SHA-256 of the canonical JSON, written out by hand with
the defaults left out, printed as the macros that they have."""
import hashlib
import json

END = [{"op": "flatten"}, {"op": "dense", "units": "classes"}, {"op": "softmax"}]
PLAIN = {
    "task": {"kind": "keywords", "labels": ["a", "b", "c"]},
    "frontend": {"kind": "mfcc", "frame_length_ms": 40, "frame_step_ms": 40, "mel_bins": 20,
                 "lower_hz": 20, "upper_hz": 4000, "coefficients": 10},
    "model": {"layers": END},
    "train": {"epochs": 1, "batch_size": 2, "learning_rate": 0.01},
}
RICH = dict(PLAIN)
RICH["augment"] = {"shift_frames": 3}
RICH["quantize"] = "int8"
RICH["model"] = {"width": 0.5, "layers": [{"repeat": 2, "layers": [
    {"op": "conv2d", "kernel": [3, 3], "filters": 8, "padding": "same"}]}] + END}

SMALL = dict(PLAIN)
SMALL["prune"] = {"schedule": "polynomial", "from": 0.2, "to": 0.8, "begin": 0.25, "end": 0.75,
                  "interval": 10}
SMALL["cluster"] = {"clusters": 8, "init": "kmeans++", "fine_tune_epochs": 2}
SMALL["quantize"] = {"kind": "int8", "fine_tune_epochs": 2}

for name, document in (("PLAIN", PLAIN), ("RICH", RICH), ("SMALL", SMALL)):
    text = json.dumps(document, sort_keys=True, separators=(",", ":"))
    print(f'#define GOLDEN_{name} "{hashlib.sha256(text.encode()).hexdigest()}"')
