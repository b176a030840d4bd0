"""Writes the Parquet files beside this script, as pandas and Hugging Face write them: `pip install pyarrow`, then run it."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

here = Path(__file__).parent

gsm8k = pa.table(
    {
        "question": ["What is 40 and 2?", "Anna has 3 boxes of 400 pens. How many pens?", "How many is 6 by 7?"],
        "answer": [
            "40 + 2 = <<40+2=42>>42\n#### 42",
            "She has 3 * 400 = <<3*400=1200>>1200 pens.\n#### 1,200",
            "6 * 7 = <<6*7=42>>42\n#### 42",
        ],
    }
)
pq.write_table(gsm8k, here / "gsm8k.snappy.parquet", compression="snappy")
pq.write_table(gsm8k, here / "gsm8k.zstd.parquet", compression="zstd", row_group_size=2)

nested = pa.table(
    {
        "uid": pa.array([9_007_199_254_740_993, 2], pa.int64()),
        "prompt": ["Which is even?", "Which is odd?"],
        "choices": [["3", "4", "5"], ["2", "6", "7"]],
        "extra": [{"answer": "B", "why": "4 is 2 by 2."}, {"answer": "C", "why": "7 is not 2 by anything."}],
        "score": pa.array([1.5, None], pa.float64()),
    }
)
pq.write_table(nested, here / "nested.gzip.parquet", compression="gzip")
