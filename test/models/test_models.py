"""The models of this repository: they are what their scripts write, compile, and give ONNX Runtime's numbers; magika gives its wheel's answers."""
import subprocess
import sys

import numpy as np
import onnx
import pytest

import support
from support import SOURCE

MODELS = SOURCE / "models"
sys.path.insert(0, str(MODELS))
sys.path.insert(0, str(MODELS / "magika"))


@pytest.mark.parametrize("name", ["convnet", "transformer"])
def test_file_is_what_its_script_writes(name):
    assert __import__(name).build().dumps() == (MODELS / f"{name}.json").read_text()


def against_onnxruntime(name, feeds_list, folder):
    """One artifact, several sets of inputs; the reference reads what `girih convert` makes of the JSON."""
    support.girih_command("convert", MODELS / f"{name}.json", folder / "model.onnx")
    model = onnx.load(folder / "model.onnx")
    onnx.checker.check_model(model)
    artifact = support.girih.load(support.compile_file(MODELS / f"{name}.json", folder / "model.so"))
    for feeds in feeds_list:
        support.assert_close(artifact.run(feeds), support.reference(model, feeds), rtol=1e-5, atol=1e-6, scaled=1e-5)


def test_mlp(tmp_path):
    rng = np.random.default_rng(1)
    against_onnxruntime("mlp", [{"points": rng.standard_normal((n, 2)).astype(np.float32)} for n in (1, 7, 300)], tmp_path)


def test_mlp_tells_spirals_apart(tmp_path):
    points, spiral = __import__("mlp").spirals(np.random.default_rng(5), 1000)
    model = support.girih.load(support.compile_file(MODELS / "mlp.json", tmp_path / "mlp.so"))
    assert np.mean(model.run({"points": points})["spiral"].argmax(1) == spiral) > 0.99


def test_convnet(tmp_path):
    rng = np.random.default_rng(2)
    against_onnxruntime("convnet", [{"image": rng.standard_normal((1, 3, 32, 32)).astype(np.float32)}], tmp_path)


def test_transformer(tmp_path):
    rng = np.random.default_rng(3)
    against_onnxruntime("transformer", [{"ids": rng.integers(0, 64, shape)} for shape in [(1, 1), (2, 17), (1, 64), (5, 3)]], tmp_path)


@pytest.mark.parametrize("name", ["mlp", "convnet", "transformer"])
def test_conversion_is_lossless(name, tmp_path):
    """JSON to ONNX and back to JSON, and once more to ONNX: nothing is lost."""
    first, second = tmp_path / "a.onnx", tmp_path / "b.onnx"
    support.girih_command("convert", MODELS / f"{name}.json", first)
    support.girih_command("convert", first, tmp_path / "a.json")
    support.girih_command("convert", tmp_path / "a.json", second)
    assert first.read_bytes() == second.read_bytes()


@pytest.fixture(scope="session")
def magika_folder():
    r = subprocess.run([str(MODELS / "magika" / "fetch.sh")], capture_output=True, text=True)
    if r.returncode:
        pytest.skip("magika's wheel could not be fetched: " + r.stderr.strip()[-200:])
    return SOURCE / "build" / "magika"


def samples(folder):
    """Some dozens of files: this repository's, compiled ones, and corner cases."""
    patterns = ["*.md", "*.sh", "*.py", "*.cpp", "*.h", "*.td", "*.json", "*.txt", "*.mlir"]
    files = [sorted(p for d in ("docs", "models", "tools", "dialects", "runtime", "compiler", "test", "passes") for p in (SOURCE / d).rglob(pattern))[:5]
             for pattern in patterns]
    files = [f for group in files for f in group] + [support.GIRIH, folder / "model.onnx"]
    corners = {"empty": b"", "short": b"abc", "spaces": b" " * 5000, "noise": bytes(range(128, 256)) * 40, "seven": b"\xff" * 7, "padded": b"\n" * 5000 + b"x = 1\n",
               "long": b"int main() { return 0; }\n" * 2000, "html": b"<!DOCTYPE html><html><body>hello</body></html>", "tiny": b"  12345678  "}
    return files, corners


def test_magika_answers_as_its_wheel_does(magika_folder, tmp_path):
    import run

    sys.path.insert(0, str(magika_folder / "wheel"))
    from magika import Magika

    library = support.compile_file(magika_folder / "model.onnx", tmp_path / "magika.so")
    ours, theirs = run.Magika(library, magika_folder), Magika()
    files, corners = samples(magika_folder)
    for name, content in corners.items():
        (tmp_path / name).write_bytes(content)
        files.append(tmp_path / name)
    assert len(files) >= 40
    for path in [*files, tmp_path]:
        label, score = ours.identify(path)
        want = theirs.identify_path(path).prediction
        assert (label, pytest.approx(score, abs=1e-4)) == (str(want.output.label), want.score), path
