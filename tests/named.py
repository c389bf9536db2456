"""What pages and descriptions name: looked up in the project, so that nothing is named in vain."""

import ast
import builtins
import keyword
import re
import shlex
import tomllib
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatch
from itertools import pairwise
from pathlib import Path

import yaml
from conftest import PROJECT
from dbt.cli.main import cli

PAGES = [
    *(PROJECT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "models/docs.md")),
    *PROJECT.glob("docs/*.md"),
]
# A single word spelled as names are; what follows a colon is the value of a variable.
NAME = r"([a-z][a-z0-9_]+|BOOTLOADER_\w+)(?:: .*)?"
PATH = r"[\w./<>*-]+(?:\.(?:csv|css|duckdb|js|json|lock|md|parquet|py|sh|sql|toml|yml)|/)"
OWN_COMMANDS = r"(make|dbt|pytest|python|\.venv/bin/python)( |$)"
# What a reader also types, and no file of the project decides.
OTHER_PROGRAMS = {"apt", "pre-commit", "source"}


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the language and the text of each code block."""
    return re.findall(r"^ *```(\w*)\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)


def spans(text: str) -> list[str]:
    """Return what stands in backticks outside of code blocks."""
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", text)]


def commands(text: str) -> Iterator[list[str]]:
    """Return the words of each command: in the code blocks, and in backticks."""
    for language, block in blocks(text):
        if language == "sh":
            lines = block.replace("\\\n", " ").splitlines()
            yield from filter(None, (shlex.split(line, comments=True) for line in lines))
    yield from (shlex.split(span) for span in spans(text) if re.match(OWN_COMMANDS, span))


def texts_in_python(source: str) -> Iterator[str]:
    """Return the names that Python code defines or uses, and its texts."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


class Names:
    """All that the project gives a name to.

    Args:
        manifest: what dbt knows of the project.
    """

    def __init__(self, manifest: dict):
        nodes = [*manifest["nodes"].values(), *manifest["sources"].values()]
        tables = [node for node in nodes if node["resource_type"] in ("model", "seed", "source")]
        macros = [macro for macro in manifest["macros"].values() if is_own(macro)]
        settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
        markers = settings["tool"]["pytest"]["ini_options"]["markers"]
        selectors = yaml.safe_load((PROJECT / "selectors.yml").read_text())["selectors"]
        profile = yaml.safe_load((PROJECT / "profiles.yml").read_text())["bootloader"]

        self.macros = {macro["name"]: macro["macro_sql"] for macro in macros}
        self.variables = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"].keys()
        self.selectable = {word for node in tables for word in (node["name"], *node["fqn"][:-1])}
        self.selectors = {selector["name"] for selector in selectors}
        self.targets = profile["outputs"].keys()
        self.markers = {marker.split(":")[0] for marker in markers}
        self.extras = settings["project"]["optional-dependencies"].keys()
        self.makefile = (PROJECT / "Makefile").read_text()
        self.ignored = (PROJECT / ".gitignore").read_text().split()
        self.files = [
            f"/{file.relative_to(PROJECT).as_posix()}"
            for top in PROJECT.iterdir()
            if top.name != ".git" and not self._is_made_by_a_build(top.name)
            for file in (top, *top.rglob("*"))
        ]
        self.python = {
            file.relative_to(PROJECT).as_posix(): file.read_text()
            for pattern in ("*.py", "python/**/*.py", "tests/soak.py")
            for file in PROJECT.glob(pattern)
        }
        self.words = {"null", *keyword.kwlist, *vars(builtins), *cli.commands}
        for table in tables:
            self.words.update(table["columns"], [table["schema"]], table.keys())
        self.words |= self.macros.keys() | self.variables | self.selectable | self.selectors
        self.words |= self.targets | self.markers | self.extras
        for source in self.python.values():
            self.words.update(texts_in_python(source))
        for pattern in ("*.yml", "models/**/*.*", "macros/*.sql"):
            for file in PROJECT.glob(pattern):
                self.words.update(re.findall(r"'([^'\n]+)'", file.read_text()))

    def missing(self, text: str, folder: Path = PROJECT) -> list[str]:
        """Return what a text names that is not there.

        Args:
            folder: where the text's links begin.
        """
        asked = (self._fault_of(*command) for command in commands(text))
        return [
            *(fault for fault in asked if fault),
            *self._missing_words(text),
            *self._missing_paths(text),
            *missing_links(text, folder),
        ]

    def _missing_words(self, text: str) -> list[str]:
        drawings = [block for language, block in blocks(text) if not language]
        drawn = re.findall(r"\b[a-z]+(?:_[a-z0-9]+)+\b", "\n".join(drawings))
        named = [found[1] for span in spans(text) if (found := re.fullmatch(NAME, span))]
        return [
            word
            for word in drawn + named
            if word not in self.words
            # A setting of the environment is part of a longer text.
            and not (word.isupper() and any(word in text for text in self.python.values()))
        ]

    def _missing_paths(self, text: str) -> list[str]:
        paths = [span for span in spans(text) if re.fullmatch(PATH, span) and "://" not in span]
        return [
            path
            for path in paths
            if not self._is_there(path) and not self._is_made_by_a_build(path)
        ]

    def _is_there(self, path: str) -> bool:
        pattern = re.sub(r"<[^>]+>", "*", path).strip("/")
        return any(fnmatch(file, f"*/{pattern}") for file in self.files)

    def _is_made_by_a_build(self, path: str) -> bool:
        return any(fnmatch(f"/{path}", f"*/{rule.strip('/')}*") for rule in self.ignored)

    def _fault_of(self, program: str, *words: str) -> str | None:
        """Return what a command asks for that is not there."""
        program = program.removeprefix(".venv/bin/")
        if program == "make":
            return first(words, self._is_made)
        if program == "python":
            return self._fault_of_python(*words)
        if program == "pytest":
            markers = [value for word, value in pairwise(words) if word == "-m"]
            files = [word for word in words if "/" in word and "<" not in word]
            return first(markers, self.markers.__contains__) or first(files, is_file)
        if program == "dbt":
            return self._fault_of_dbt(*words)
        return None if program in OTHER_PROGRAMS else program

    def _is_made(self, word: str) -> bool:
        """Tell whether make knows a target, or a variable that is set."""
        name, is_variable, _ = word.partition("=")
        return bool(re.search(rf"\b{name}\b" if is_variable else rf"(?m)^{name}:", self.makefile))

    def _fault_of_python(self, *words: str) -> str | None:
        if words[:2] == ("-m", "pip"):
            extras = re.findall(r"\.\[(\w+)\]", " ".join(words))
            return first(extras, self.extras.__contains__)
        path = f"python/{words[1].replace('.', '/')}.py" if words[0] == "-m" else words[0]
        if path not in self.python:
            return path
        options = [word for word in words if word.startswith("--")]
        return first(options, lambda option: f'"{option}"' in self.python[path])

    def _fault_of_dbt(self, *words: str) -> str | None:
        if not words:
            return None
        name, *words = words
        command = cli.commands.get(name)
        if hasattr(command, "commands"):  # dbt docs ...
            name, *words = words
            command = command.commands.get(name)
        if command is None:
            return name
        options = {option: each.name for each in command.params for option in each.opts}
        macro = words.pop(0) if name == "run-operation" else None
        if macro and macro not in self.macros:
            return macro
        for before, word in pairwise(["", *words]):
            if word.startswith("-"):
                fault = None if word in options else word
            else:
                fault = self._fault_of_value(options.get(before), word, macro)
            if fault:
                return fault
        return None

    def _fault_of_value(self, option: str | None, value: str, macro: str | None) -> str | None:
        if "<" in value:
            return None
        if option in ("select", "exclude"):
            parts = [part.strip("+@0123456789") for part in value.split(",") if ":" not in part]
            return first(parts, lambda part: part in self.selectable or is_file(part))
        if option == "selector":
            return first([value], self.selectors.__contains__)
        if option == "target":
            return first([value], self.targets.__contains__)
        if option == "vars":
            return first(yaml.safe_load(value), self.variables.__contains__)
        if option == "args":
            arguments = re.search(r"macro \w+\(([^)]*)\)", self.macros[macro])[1]
            return first(yaml.safe_load(value), re.findall(r"\w+", arguments).__contains__)
        return None


def is_own(node: dict) -> bool:
    """Tell whether dbt knows something from this project, and not from its own macros."""
    return node["package_name"] == "bootloader"


def is_file(path: str) -> bool:
    """Tell whether the project has a file or folder."""
    return (PROJECT / path).exists()


def first(words: Iterable[str], is_good: Callable[[str], bool]) -> str | None:
    """Return the first word that is not good."""
    return next((word for word in words if not is_good(word)), None)


def missing_links(text: str, folder: Path) -> list[str]:
    """Return the links to files, and to headings of pages, that are not there."""
    links = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'(?:src|srcset)="([^"]+)"', text)
    here = [link for link in links if not link.startswith("https://")]
    return [link for link in here if not leads_somewhere(*link.partition("#"), text, folder)]


def leads_somewhere(path: str, _: str, heading: str, text: str, folder: Path) -> bool:
    """Tell whether a link's file exists, and has the heading that the link names."""
    file = folder / path
    if not file.exists() or not heading:
        return file.exists()
    titles = re.findall(r"(?m)^#+ (.*)", file.read_text() if path else text)
    return heading in {re.sub(r"[^\w -]", "", t.lower()).replace(" ", "-") for t in titles}
