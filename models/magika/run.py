#!/usr/bin/env python3
"""Tells the type of files with the compiled magika model.

    models/magika/run.py build/magika/magika.so FILE...

Reads what models/magika/fetch.sh left in build/magika. The features and the decision follow the description that comes
with the model: the first and the last 1024 bytes without white space around them, padded with the token 256; a label
whose score is below its threshold becomes "txt" or "unknown".
"""
import argparse
import json
import pathlib
import sys
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "build" / "python"))
import girih  # noqa: E402


class Magika:
    def __init__(self, library, folder=ROOT / "build" / "magika", threads=1):
        self.config = json.loads((folder / "config.min.json").read_text())
        self.types = json.loads((folder / "content_types.json").read_text())
        self.model = girih.load(library, threads=threads)
        self.seconds = 0.0  # spent in the model, in all
        self.runs = 0

    def features(self, first, last):
        """2048 tokens from the first and the last block of a file."""
        begin, end, padding = (self.config[k] for k in ("beg_size", "end_size", "padding_token"))
        tokens = np.full((1, begin + end), padding, np.int32)
        head = np.frombuffer(first.lstrip()[:begin], np.uint8)
        tail = np.frombuffer(last.rstrip()[-end:], np.uint8)
        tokens[0, : head.size] = head
        tokens[0, begin + end - tail.size :] = tail
        return tokens

    def decide(self, label, score):
        """What to tell the user when the model says `label`."""
        threshold = self.config["thresholds"].get(label, self.config["medium_confidence_threshold"])
        said = self.config["overwrite_map"].get(label, label)
        if score >= threshold:
            return said
        return "txt" if self.types[said]["is_text"] else "unknown"

    def identify(self, path):
        """(type, score) of a file."""
        path = pathlib.Path(path)
        if path.is_dir():
            return "directory", 1.0
        size = path.stat().st_size
        if size == 0:
            return "empty", 1.0
        block, enough = self.config["block_size"], self.config["min_file_size_for_dl"]
        with open(path, "rb") as file:
            first = file.read(block)
            file.seek(max(0, size - block))
            last = file.read(block)
        if len(first.lstrip()) < enough:  # too little for the model to go on
            try:
                first.decode("utf-8")
                return "txt", 1.0
            except UnicodeDecodeError:
                return "unknown", 1.0
        tokens = self.features(first, last)
        start = time.perf_counter()
        scores = self.model.run({"bytes": tokens})["target_label"][0]
        self.seconds += time.perf_counter() - start
        self.runs += 1
        best = int(np.argmax(scores))
        return self.decide(self.config["target_labels_space"][best], float(scores[best])), float(scores[best])


def main():
    parser = argparse.ArgumentParser(description="Tells the type of files with the compiled magika model.")
    parser.add_argument("library", help="what girih compile made of build/magika/model.onnx")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    magika = Magika(args.library, threads=args.threads)
    failed = False
    for name in args.files:
        try:
            label, score = magika.identify(name)
        except OSError as e:
            print(f"error: {name}: {e.strerror}", file=sys.stderr)
            failed = True
            continue
        description = magika.types.get(label, {}).get("description") or ""
        print(f"{name:<44} {label:<12} {100 * score:5.1f} %  {description}")
    if magika.runs:
        print(f"{magika.runs} files through the model, {1e3 * magika.seconds / magika.runs:.2f} ms each", file=sys.stderr)
    sys.exit(failed)


if __name__ == "__main__":
    main()
