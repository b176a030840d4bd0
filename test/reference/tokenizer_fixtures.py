"""Tokenizers built as those of published models are, small ones, with what Hugging Face's own implementation makes of some texts.

    python test/reference/tokenizer_fixtures.py

with a Python that has the packages of requirements.txt. Writes fixtures/tokenizer-{llama,codellama,galactica}.json:
- llama: SentencePiece's BPE as it was converted at first: spaces become U+2581 in the normaliser, one is put before the text,
  characters without a token are spelt in bytes;
- codellama: the same as it is converted now, by the pre-tokenizer Metaspace, which puts no space before a text that begins with one.
  Decoding would take that one away, so such a text is encoded with one more;
- galactica: byte-level BPE behind splits at a marker, at every digit, at brackets and operators and at line ends.
"""

import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

FOLDER = Path(__file__).parent / "fixtures"
CORPUS = [
    "Question:\nTom has 12 apples and eats 5. How many apples are left?\nAnswer reasoning:\n",
    "def solution():\n    apples = 12\n    eaten = 5\n    result = apples - eaten\n    return result\n",
    "Mary buys 3 books for 4.50 dollars each. How much does she pay? Therefore, the answer is: 13.5",
    "def solution():\n    price = 4.50\n    books = 3\n    return books * price\n",
]
TEXTS = [
    "Tom eats 5 apples.",
    "def solution():\n    result = 12 - 5\n    return result\n",
    "",
    " ",
    "  two spaces, \ttab  and\n\n\ntwo lines ",
    "3.14159 + 2(7)",
    "Zwölf Äpfel: 你好 🍎",
    "\u2581 a lower one eighth block",
    "answer</s> after the end",
    "<s>[INST] How many? [/INST]",
    "x<unk>y",
]


def save(name, tokenizer, keep_first_space=False):
    cases = []
    for text in TEXTS:
        given = " " + text if keep_first_space and text.startswith(" ") else text
        ids = tokenizer.encode(given, add_special_tokens=False).ids
        cases.append({"text": text, "ids": ids, "decoded": tokenizer.decode(ids, skip_special_tokens=False)})
    made_by = "test/reference/tokenizer_fixtures.py"
    fixture = {"madeBy": made_by, "tokenizer": json.loads(tokenizer.to_str()), "cases": cases}
    path = FOLDER / f"tokenizer-{name}.json"
    path.write_text(json.dumps(fixture, ensure_ascii=False, separators=(",", ":")) + "\n")
    print(f"{path.name}: {path.stat().st_size / 1024:.0f} KiB")


def sentence_piece(metaspace):
    """Trained as any BPE, and then given a token for every byte, before the pieces, as SentencePiece numbers them."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=220, show_progress=False))
    model = json.loads(trained.to_str())["model"]
    pieces = sorted(model["vocab"], key=model["vocab"].get)
    # A run of spaces is one piece, as it is in Llama's vocabulary.
    merges = [tuple(merge) for merge in model["merges"]] + [("▁", "▁"), ("▁▁", "▁▁")]
    names = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *pieces]
    names += [piece for piece in ("▁▁", "▁▁▁▁") if piece not in pieces]
    vocabulary = {piece: index for index, piece in enumerate(names)}
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    if metaspace:
        tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens([AddedToken(name, normalized=False) for name in ("<unk>", "<s>", "</s>")])
    return tokenizer


def galactica():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split("SPL1T-TH1S-Pl3A5E", "removed"),
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.Split(Regex(r"[\(\)\[\]\{\}]|([+\-*/=<>!%])\1*"), "isolated"),
            pre_tokenizers.Split("\n", "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        CORPUS,
        trainers.BpeTrainer(
            vocab_size=420,
            special_tokens=["<s>", "<pad>", "</s>", "<unk>"],
            initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
            show_progress=False,
        ),
    )
    return tokenizer


if __name__ == "__main__":
    save("llama", sentence_piece(metaspace=False))
    save("codellama", sentence_piece(metaspace=True), keep_first_space=True)
    save("galactica", galactica())
