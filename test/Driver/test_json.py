"""The JSON format's schema accepts what girih writes and what models/ has, and refuses what the reader refuses."""
import copy
import json

import jsonschema
import onnx
import pytest

import support
from support import SOURCE

SCHEMA = json.loads((SOURCE / "compiler" / "Import" / "graph.schema.json").read_text())
MODELS = [*sorted((SOURCE / "models").glob("*.json")), SOURCE / "test" / "mutation" / "models" / "net.json"]


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    return jsonschema.Draft202012Validator(SCHEMA)


@pytest.mark.parametrize("path", MODELS, ids=lambda p: p.stem)
def test_round_trip(path, validator, tmp_path):
    """JSON to ONNX and back: valid throughout, and the same artifact comes of all three."""
    # A model is named after its file, in the artifact, too.
    for folder in "ab":
        (tmp_path / folder).mkdir()
    name = path.stem
    steps = [path, tmp_path / f"{name}.onnx", tmp_path / "a" / f"{name}.json", tmp_path / "b" / f"{name}.onnx"]
    for a, b in zip(steps, steps[1:]):
        assert support.girih_command("convert", a, b).returncode == 0
    assert onnx.load(steps[1]).graph.name == json.loads(path.read_text())["graph"]["name"]
    for document in (steps[0], steps[2]):
        validator.validate(json.loads(document.read_text()))
    assert steps[1].read_bytes() == steps[3].read_bytes()
    artifacts = {support.compile_file(s, str(tmp_path / f"{i}.so")) for i, s in enumerate(steps)}
    assert len({open(a, "rb").read() for a in artifacts}) == 1


def change(path, value):
    """The mlp with the value at `path` replaced, or removed for None."""
    document = copy.deepcopy(json.loads((SOURCE / "models" / "mlp.json").read_text()))
    *folder, last = path
    at = document
    for key in folder:
        at = at[key]
    if value is None:
        del at[last]
    else:
        at[last] = value
    return document


@pytest.mark.parametrize("path, value", [
    (["format"], None), (["format"], "onnx"), (["version"], 2), (["opsets"], None), (["unknown"], 1), (["graph", "nodes", 0, "op"], None),
    (["graph", "nodes", 0, "input"], ["x"]), (["graph", "nodes", 0, "inputs"], "x"), (["graph", "inputs", 0, "dtype"], "float"),
    (["graph", "inputs", 0, "shape"], [2.5, 2]), (["graph", "weights", 0, "shape"], ["n"]),
], ids=lambda x: ".".join(map(str, x)) if isinstance(x, list) else None)
def test_what_the_schema_refuses_the_reader_refuses(path, value, validator, tmp_path):
    document = change(path, value)
    assert not validator.is_valid(document)
    (tmp_path / "bad.json").write_text(json.dumps(document))
    with pytest.raises(support.Refused, match="bad.json"):
        support.compile_file(tmp_path / "bad.json", str(tmp_path / "bad.so"))
