"""Loads a model folder with transformers and writes logits and token ids as JSON: the other side of the parity tests."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

request = json.load(sys.stdin)
folder = request["folder"]
model, info = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, output_loading_info=True)
assert not any(info[problem] for problem in ("missing_keys", "unexpected_keys", "mismatched_keys")), info
tokenizer = AutoTokenizer.from_pretrained(folder)
with torch.no_grad():
    logits = [model(torch.tensor([tokens])).logits[0].tolist() for tokens in request["sequences"]]
encoded = [tokenizer(text, add_special_tokens=False)["input_ids"] for text in request["texts"]]
json.dump({"logits": logits, "encoded": encoded}, sys.stdout)
