"""Goes on with texts greedily by transformers, with a LoRA adapter through PEFT where one is given; writes the texts as JSON."""

import json
import sys

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

request = json.load(sys.stdin)
source = {"pretrained_model_name_or_path": request["folder"], "revision": request.get("revision") or "main"}
model = AutoModelForCausalLM.from_pretrained(**source, dtype=torch.float32)
if request.get("adapter"):
    from peft import PeftModel

    model = PeftModel.from_pretrained(model, request["adapter"])
tokenizer = AutoTokenizer.from_pretrained(**source, padding_side="left")
inputs = tokenizer(request["texts"], return_tensors="pt", padding=True, add_special_tokens=False)
with torch.no_grad():
    output = model.generate(**inputs, max_new_tokens=request["tokens"], do_sample=False)
answers = output[:, inputs["input_ids"].shape[1] :]
print()
print(json.dumps(tokenizer.batch_decode(answers, skip_special_tokens=True)))
