"""Templates compiled ahead. Jinja would take an eighth of a cold start to compile those of the form's page.

`make compiled` writes them, and nothing else does: an instance may have no folder to write to. Jinja passes over those
whose source or Python is another by now, and compiles them as ever.
"""

from contextlib import suppress
from pathlib import Path

from jinja2 import BaseLoader, Environment
from jinja2.bccache import Bucket, BytecodeCache

_HERE = Path(__file__).parent
_SETTINGS = (_HERE / "__init__.py").read_text("utf-8")
"""Of the environments: what is compiled depends on them too."""


class Bytecode(BytecodeCache):
    def __init__(self, form: str) -> None:
        self._folder = _HERE / "compiled" / form

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return name.replace("/", "-")  # without where the house stands: it is compiled elsewhere

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(_SETTINGS + source)

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(FileNotFoundError), (self._folder / bucket.key).open("rb") as compiled:
            bucket.load_bytecode(compiled)

    def dump_bytecode(self, bucket: Bucket) -> None:
        pass

    def write(self, environment: Environment, loader: BaseLoader, name: str) -> None:
        source, _, _ = loader.get_source(environment, name)
        bucket = Bucket(environment, self.get_cache_key(name), self.get_source_checksum(source))
        bucket.code = environment.compile(source, name, f"templates/{name}")
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / bucket.key).open("wb") as compiled:
            bucket.write_bytecode(compiled)
