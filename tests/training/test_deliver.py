from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from service.articles.article import Article
from service.errors import ModelNotFound, SetupError, TrainingDataError
from service.model_spec import file_sha256
from service.models import ModelStore
from service.tweets.overlap import FILE_NAME, read_index
from tests.tiny_voices import Workshop, invented_pair, make_workshop
from training.bases import base_of, find_again, find_base
from training.deliver import Delivery
from training.delivery.model_toml import model_toml
from training.delivery.parity import check_parity
from training.delivery.set_aside import set_aside
from training.judging.served_model import GREEDY, ServedModel
from training.pairs import read_pairs, write_pairs
from training.tuning.options import FinetuneOptions
from training.workspace import Workspace


def test_the_graph_says_what_was_trained(trained: Workshop) -> None:
    counts = trained.workspace.report("export").counts
    assert counts["greedy texts compared"] == counts["equal"] == 16
    assert abs(counts["rise, per cent"]) < 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base", None),
        ("prompt_format", "prose"),
        ("article_chars", "many"),
        ("style_only", 3),
    ],
)
def test_a_training_that_does_not_tell_its_base_is_one_line(
    tmp_path: Path, name: str, value: object
) -> None:
    told = {"base": "tiny", "prompt_format": "plain", "article_chars": 300, "style_only": False}
    for settings in (told | {name: value}, {k: v for k, v in told.items() if k != name}):
        with pytest.raises(TrainingDataError, match="train again"):
            find_again(ModelStore(tmp_path), settings)  # type: ignore[arg-type]


def test_the_model_is_served(trained: Workshop) -> None:
    model = ServedModel(trained.store.load("me"))
    drawn = model.draw([Article("", "The bridge of Ostwick opens.")], GREEDY, "test")
    assert drawn[0][0].text


def test_the_folder_is_small_and_names_its_base(trained: Workshop) -> None:
    spec = trained.store.spec("me")
    assert (spec.base, spec.tasks) == ("tiny-gpt2", ("tweet",))
    tensors = load_file(trained.store.folder("me") / "adapter.safetensors")
    assert {str(tensor.dtype) for tensor in tensors.values()} == {"torch.float16"}


def test_training_tweets_are_known_again_and_held_out_ones_not(trained: Workshop) -> None:
    index = read_index(trained.store.folder("me") / FILE_NAME)
    assert index.overlap(invented_pair(0).tweet).share == 1.0
    assert index.overlap("a tweet that nobody has written before").share == 0.0


def test_merged_weights_need_no_base(trained: Workshop) -> None:
    report = trained.deliver(Delivery("whole", merge=True))
    assert report.counts["equal"] == 16
    spec = trained.store.spec("whole")
    assert spec.base is None
    assert spec.adapter is None


def test_an_adapter_that_is_not_what_was_built_is_found(trained: Workshop) -> None:
    trained.deliver(Delivery("other"))
    spec, folder = trained.store.spec("other"), trained.store.folder("other")
    path = folder / "adapter.safetensors"
    tensors = load_file(path)
    save_file({name: tensor * 60 for name, tensor in tensors.items()}, path)
    old, new = spec.adapter.sha256, file_sha256(path)  # type: ignore[union-attr]
    (folder / "model.toml").write_text(model_toml(spec).replace(old, new))
    trained.builder.build("other")
    save_file(tensors, path)  # the graph is of the other weights
    (folder / "model.toml").write_text(model_toml(spec))
    build = trained.store.build_dir("other") / "manifest.json"
    stale = build.read_text()
    fresh = trained.store.fingerprint("other")
    build.write_text(stale.replace(stale.split('"')[3], fresh))
    pairs = read_pairs(trained.workspace.pairs, "dev")
    with pytest.raises(SetupError, match="perplexity"):
        check_parity(trained.store, trained.builder, "other", pairs)


def test_a_full_training_is_delivered_too(tmp_path: Path) -> None:
    made = make_workshop(tmp_path, FinetuneOptions(method="full", epochs=1, rate=1e-3))
    assert made.deliver(Delivery("me")).counts["equal"] == 16
    assert made.store.spec("me").base is None


def test_nothing_trained_is_an_error(trained: Workshop, tmp_path: Path) -> None:
    with pytest.raises(TrainingDataError, match="finetune"):
        base_of(Workspace(tmp_path), trained.store)


def test_an_unknown_base_is_an_error(trained: Workshop) -> None:
    with pytest.raises(ModelNotFound, match="nobody"):
        find_base(trained.store, "nobody")


@pytest.mark.parametrize("name", ["../escaped", "My Voice", "a/b", "", ".hidden", "x" * 65])
def test_a_name_that_is_none_writes_nothing(trained: Workshop, name: str) -> None:
    before = sorted(trained.store.models_dir.parent.rglob("*"))
    with pytest.raises(TrainingDataError, match="cannot be called"):
        trained.deliver(Delivery(name))
    assert sorted(trained.store.models_dir.parent.rglob("*")) == before


def test_a_base_is_not_replaced_by_its_voice(trained: Workshop) -> None:
    weights = trained.store.folder("tiny-gpt2") / "weights" / "model.safetensors"
    before = file_sha256(weights)
    with pytest.raises(TrainingDataError, match="model tiny-gpt2 already"):
        trained.deliver(Delivery("tiny-gpt2", merge=True))
    assert file_sha256(weights) == before


def test_a_failed_export_leaves_what_was_there(
    trained: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise SetupError("the graph says something else")

    trained.deliver(Delivery("kept"))
    (trained.store.folder("kept") / "README.md").write_text("a card")
    before = trained.store.load("kept").folder
    monkeypatch.setattr("training.deliver.check_parity", fail)
    for name in ("kept", "new"):
        with pytest.raises(SetupError, match="something else"):
            trained.deliver(Delivery(name, title="Other"))
    assert "new" not in trained.store.names()
    assert trained.store.load("kept").folder == before
    assert trained.store.spec("kept").title == "kept"
    assert (trained.store.folder("kept") / "README.md").read_text() == "a card"


def test_an_export_that_was_killed_is_put_back_by_the_next(trained: Workshop) -> None:
    models = trained.store.models_dir
    trained.deliver(Delivery("killed", title="Old"))
    trained.store.folder("killed").rename(models / ".cache" / "killed.replaced")
    (models / "killed").mkdir()
    with pytest.raises(KeyboardInterrupt), set_aside(models / "killed", models / ".cache"):
        raise KeyboardInterrupt
    assert trained.store.spec("killed").title == "Old"


def test_a_damaged_adapter_is_one_line(trained: Workshop, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    shutil.copytree(trained.workspace.root, workspace.root)
    (workspace.trained / "adapter" / "adapter_model.safetensors").write_bytes(b"torn")
    damaged = Workshop(workspace, trained.store, trained.builder)
    with pytest.raises(SetupError, match=r"damaged .* run `finetune` again"):
        damaged.deliver(Delivery("damaged"))
    assert "damaged" not in trained.store.names()


def test_without_held_out_pairs_nothing_can_be_compared(trained: Workshop, tmp_path: Path) -> None:
    workspace = Workspace(tmp_path / "work")
    shutil.copytree(trained.workspace.root, workspace.root)
    write_pairs(workspace.pairs, [invented_pair(0)])
    with pytest.raises(TrainingDataError, match="no held-out pair"):
        Workshop(workspace, trained.store, trained.builder).deliver(Delivery("unseen"))
