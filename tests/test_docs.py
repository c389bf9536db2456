"""The pages say what is there: what they name exists, and the first one is short."""

import re

import pytest
from conftest import PROJECT
from named import PAGES, Names, is_own

pytestmark = pytest.mark.unit

MOST_WORDS, MOST_TABLES = 800, 8


@pytest.fixture(scope="module")
def names(manifest) -> Names:
    """All that pages can name."""
    return Names(manifest)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_what_a_page_names_is_there(names, page):
    """Somebody would look for a model, a variable, a file or a command that no longer exists."""
    assert names.missing(page.read_text(), page.parent) == []


def test_what_a_description_names_is_there(manifest, names):
    """An analyst would look for a table or a variable that no longer exists."""
    nodes = [*manifest["nodes"].values(), *manifest["macros"].values()]
    described = [node for node in nodes if is_own(node) and node.get("description")]
    assert len(described) > 50
    for node in described:
        columns = node.get("columns", {}).values()
        texts = [node["description"], *(column["description"] for column in columns)]
        assert names.missing("\n\n".join(texts)) == [], node["name"]


@pytest.mark.parametrize(
    "text, missing",
    [
        ("`no_such_table` has them", "no_such_table"),
        ("`users` and `nobody`", "nobody"),
        ("Set `no_such_variable: 3`", "no_such_variable"),
        ("```\nevents ─> no_such_table\n```", "no_such_table"),
        ("in `models/ingest/no_such_model.sql`", "models/ingest/no_such_model.sql"),
        ("in `no_such_folder/`", "no_such_folder/"),
        ("see [there](no_such_page.md)", "no_such_page.md"),
        ("see [there](README.md#no-such-heading)", "README.md#no-such-heading"),
        ("`make no-such-target`", "no-such-target"),
        ("```sh\nmake build NO_SUCH=1  # why\n```", "NO_SUCH=1"),
        ("`dbt built`", "built"),
        ("`dbt build --selct users`", "--selct"),
        ("`dbt build --select users,+no_such_model`", "no_such_model"),
        ("`dbt build --selector no_such_selector`", "no_such_selector"),
        ("`dbt build --target no_such_target`", "no_such_target"),
        ("`dbt build --vars '{no_such_variable: 3}'`", "no_such_variable"),
        ("`dbt run-operation no_such_macro`", "no_such_macro"),
        ("`dbt run-operation import_marts --args '{no_such: 1}'`", "no_such"),
        ("`python -m bootloader.no_such_module`", "python/bootloader/no_such_module.py"),
        ("`python -m bootloader.plan_push --no-such-option 3`", "--no-such-option"),
        ("`pytest -m no_such_marker`", "no_such_marker"),
        ("`pytest tests/test_nothing.py`", "tests/test_nothing.py"),
        ("`BOOTLOADER_NOTHING`", "BOOTLOADER_NOTHING"),
    ],
)
def test_what_is_not_there_is_found(names, text, missing):
    """The tests above would pass whatever the pages name."""
    assert names.missing(text) == [missing]


# What was said for the same thing, and is not a name that was promised.
OTHER_WORDS = {
    "rejected": r"refus(?:e|al)|faulty (?:record|event)|(?:invalid|bad) (?:record|event)s?\b",
    "duplicate": r"(?:repeated|copied) (?:record|event|assignment)|exact repeat",
    "similar": r"look-alike",
}
SAYING = ("docs/**/*.md", "*.md", "models/**/*", "seeds/*", "macros/*", "python/bootloader/**/*")


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_a_concept_has_one_word(word):
    """A reader would look for the difference between two words that mean the same."""
    said = re.compile(OTHER_WORDS[word], re.IGNORECASE)
    texts = {
        file: file.read_text()
        for pattern in SAYING
        for file in PROJECT.glob(pattern)
        if file.suffix in (".md", ".sql", ".yml", ".csv", ".py") and file.name != "CHANGELOG.md"
    }
    assert len(texts) > 200
    assert [file.name for file, text in texts.items() if said.search(text)] == []


def rows_of(page: str) -> list[list[str]]:
    """Return the cells of each row of the tables on a page."""
    lines = re.findall(r"^\| *(.*?) *\|$", (PROJECT / page).read_text(), re.MULTILINE)
    return [re.split(r" *\| *", line) for line in lines]


def test_the_page_of_tables_lists_what_people_can_query(manifest):
    """An analyst would miss a table, or build on one that may change without notice."""
    listed, folder = {}, None
    for first, name, *_ in (row for row in rows_of("docs/tables.md") if len(row) == 3):
        folder = first.strip("`") or folder
        listed[name.strip("`")] = folder
    del listed["table"], listed["---"]
    nodes = [node for node in manifest["nodes"].values() if is_own(node)]
    public = [node for node in nodes if node.get("access") == "public"]
    functions = [node for node in public if node["config"]["materialized"] == "table_function"]
    assert listed == {node["name"]: node["fqn"][1] for node in public if node not in functions}
    page = (PROJECT / "docs" / "tables.md").read_text()
    assert all(f"from {function['name']}(" in page for function in functions)
    seeds = {node["name"] for node in nodes if node["resource_type"] == "seed"}
    assert seeds == {row[0].strip("`") for row in rows_of("docs/tables.md") if len(row) == 2} - {
        "table", "---",
    }  # fmt: skip


def test_the_readme_is_short_and_begins_with_what_most_people_query(manifest):
    """A stranger would not read it, or would be sent to a table that may change."""
    page = (PROJECT / "README.md").read_text()
    # All that is shown counts, code too; tags and the targets of links are not shown.
    shown = re.sub(r"(?s)<[^h].*?>|\]\([^)]*\)", "", page)
    assert len(re.findall(r"\S*\w\S*", shown)) <= MOST_WORDS
    cells = [row[0].strip("`") for row in rows_of("README.md") if row[0].startswith("`")]
    assert 0 < len(cells) <= MOST_TABLES
    for table in cells:
        model = manifest["nodes"][f"model.bootloader.{table}"]
        assert model["access"] == "public"
        assert model["config"]["contract"]["enforced"], table
