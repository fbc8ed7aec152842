"""gcloud, loaded once: loading is most of a command's cost, and the tests run hundreds.

This file is two programs. Run by gcloud's own Python, it loads gcloud, builds its command tree, and forks for each
command that comes in, a line of JSON each, so that every command still begins in a fresh process. What one command
loaded besides (Compute Engine's messages alone take half a second) is loaded for those that follow. Imported, it is the
other end.
"""

import gc
import importlib
import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any


@contextmanager
def loaded_gcloud(environment: Mapping[str, str]) -> Iterator[Callable[[tuple[str, ...], str], tuple[int, str, str]]]:
    """Runs gcloud commands, given as arguments and standard input: exit code, standard output, standard error."""
    asked = subprocess.check_output(["gcloud", "info", "--format=json"], env={**os.environ, **environment})
    info = json.loads(asked)
    server = subprocess.Popen(
        [info["basic"]["python_location"], "-S", __file__, info["installation"]["sdk_root"]],
        env={**os.environ, **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdin
    assert server.stdout
    ask, answer, alone = server.stdin, server.stdout, threading.Lock()

    def run(argv: tuple[str, ...], feed: str) -> tuple[int, str, str]:
        with alone:
            ask.write(json.dumps([argv, feed]) + "\n")
            ask.flush()
            code, output, said = json.loads(answer.readline())
        return code, output, said

    try:
        yield run
    finally:
        ask.close()
        server.wait(timeout=30)
        answer.close()


def _serve(root: str) -> None:
    sys.path[:0] = [f"{root}/lib", f"{root}/lib/third_party"]
    import gcloud  # type: ignore[import-not-found]

    gcloud._fix_google_module()
    from googlecloudsdk import gcloud_main  # type: ignore[import-not-found]

    tree = gcloud_main.CreateCLI([])
    gc.disable()  # a command is over before there is much to collect, and what it touches would have to be copied
    commands, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for line in iter(commands.readline, ""):
        argv, feed = json.loads(line)
        with (
            tempfile.TemporaryFile("w+") as output,
            tempfile.TemporaryFile("w+") as said,
            tempfile.TemporaryFile("w+") as loaded,
        ):
            fed, feeding = os.pipe()  # a pipe, as it is in earnest: gcloud cannot read each of its files from one
            os.write(feeding, feed.encode())
            os.close(feeding)
            child = os.fork()
            if child == 0:
                os.dup2(fed, 0)
                os.dup2(output.fileno(), 1)
                os.dup2(said.fileno(), 2)
                sys.argv = list(argv)
                code = _code_of(lambda: gcloud_main.main(tree))
                loaded.write("\n".join(name for name in sys.modules if name.startswith("googlecloudsdk.")))
                for file in (loaded, sys.stdout, sys.stderr):
                    file.flush()
                os._exit(code)  # taking apart all that is loaded takes longer than the command
            os.close(fed)
            _, status = os.waitpid(child, 0)
            output.seek(0)
            said.seek(0)
            answers.write(json.dumps([os.waitstatus_to_exitcode(status), output.read(), said.read()]) + "\n")
            answers.flush()
            loaded.seek(0)
            for name in loaded.read().split():
                importlib.import_module(name)
            _load_branch(tree, argv)


def _load_branch(tree: Any, argv: list[str]) -> None:
    """The part of the command tree that this command used."""
    branch = tree.top_element
    for word in argv[1:]:
        if branch is None or word.startswith("-"):
            break
        branch = branch.LoadSubElement(word) if hasattr(branch, "LoadSubElement") else None


def _code_of(main: Callable[[], object]) -> int:
    """Its exit code, as Python would make one of how it ends."""
    code: object
    try:
        code = main()
    except SystemExit as ended:
        code = ended.code
    return code if isinstance(code, int) else int(code is not None)


if __name__ == "__main__":
    _serve(sys.argv[1])
