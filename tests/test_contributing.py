"""The guides of CONTRIBUTING, each followed to the letter on a copy of the project."""

import re
import sys
from pathlib import Path

import pytest
from conftest import PROJECT, Build
from named import PATH, blocks, spans

pytestmark = [pytest.mark.build, pytest.mark.slow]


class Guide:
    """A section of CONTRIBUTING with its placeholders filled in, and a copy of the project.

    Attributes:
        named: the files that the section names.
        touched: those that were written or changed.
    """

    def __init__(self, heading: str, build: Build, **names: str):
        page = (PROJECT / "CONTRIBUTING.md").read_text()
        text = re.search(rf"^## {heading}\n(.*?)(?=^## )", page, re.MULTILINE | re.DOTALL)[1]
        for name, value in names.items():
            text = text.replace(f"<{name}>", value)
        self.build = build.with_own_project()
        python = str(self.build.project / "python")
        self.build.environment.update(PYTHONPATH=python, PYTHONDONTWRITEBYTECODE="1")
        self.commands = [
            line for language, block in blocks(text) if language == "sh"
            for line in block.splitlines()
        ]  # fmt: skip
        self.named = {span for span in spans(text) if re.fullmatch(PATH, span)}
        self.touched: set[str] = set()

    def _file(self, path: str) -> Path:
        self.touched.add(path)
        return self.build.project / path

    def write(self, path: str, text: str) -> None:
        """Write a new file."""
        file = self._file(path)
        assert not file.exists(), path
        file.write_text(text)

    def insert(self, path: str, text: str, *, after: str) -> None:
        """Put lines into a file, after the only one that begins so."""
        file = self._file(path)
        lines = file.read_text().splitlines(keepends=True)
        (place,) = (number for number, line in enumerate(lines) if line.startswith(after))
        file.write_text("".join([*lines[: place + 1], text, *lines[place + 1 :]]))

    def check(self) -> None:
        """Compare what was touched with what the guide names, and run its commands."""
        assert self.touched == self.named
        assert self.commands
        for command in self.commands:
            self.run(command)

    def run(self, command: str) -> None:
        """Run one command of the guide in the copy."""
        program, *words = command.split()
        started = self.build.start_program(Path(sys.executable).with_name(program), *words)
        output, _ = started.communicate()
        assert started.returncode == 0, f"{command}\n{output}"


def test_a_model_is_added(published):
    """Somebody who adds a table for others to query would be stopped by tests of lists."""
    guide = Guide("Add a model", published, folder="quality", name="users_by_state")
    guide.write(
        "models/quality/users_by_state.sql",
        """with

users as (
    select * from {{ ref('users') }}
),

users_by_state as (
    select
        state,
        count(*) as users
    from users
    group by state
)

select * from users_by_state
""",
    )
    guide.write(
        "models/quality/users_by_state.yml",
        """models:
  - name: users_by_state
    description: One row per state, and one for users whose state is unknown.
    config:
      schema: null
      access: public
      contract: {enforced: true}
    columns:
      - {name: state, data_type: varchar, description: "{{ doc('state') }}", data_tests: [unique]}
      - {name: users, data_type: bigint, description: How many users live there.}

unit_tests:
  - name: users_without_a_state_are_counted_too
    model: users_by_state
    given:
      - {input: ref('users'), rows: [{state: CA}, {state: CA}, {state: null}]}
    expect:
      rows: [{state: CA, users: 2}, {state: null, users: 1}]
""",
    )
    guide.insert(
        "docs/tables.md", "| | **`users_by_state`** | state |\n", after="| | `daily_events`"
    )
    guide.insert("CHANGELOG.md", "\n- The table `users_by_state`.", after="### Added")
    guide.check()
    assert guide.build.value("select sum(users) from main.users_by_state") == guide.build.value(
        "select count(*) from users"
    )


def test_a_page_is_added(published):
    """Somebody who adds a page would be stopped by tests of other pages, or see nothing."""
    guide = Guide("Add a page", published, name="categories", query="users_by_category")
    guide.write(
        "python/bootloader/app/pages/categories.py",
        '''"""How many users each category has."""

import streamlit as st

from bootloader.app.layout import title
from bootloader.app.serving_copy import ServingCopy
from bootloader.app.state import State


def show(copy: ServingCopy, state: State) -> None:
    """Draw the page."""
    title(copy, state, "What do users look at?", is_of_campaign=False)
    st.dataframe(copy.query("users_by_category"))
''',
    )
    guide.write(
        "python/bootloader/queries/users_by_category.sql",
        """select
    category,
    count(*) as users
from user_category_actions
group by category
order by users desc
""",
    )
    guide.insert(
        "streamlit_app.py", "from bootloader.app.pages import categories\n", after="import duckdb"
    )
    guide.insert(
        "streamlit_app.py",
        '    "categories": ("Categories", ":material/category:", categories.show),\n',
        after='    "explorer": ',
    )
    guide.insert(
        "models/exposures.yml",
        "      - ref('user_category_actions')\n",
        after="      - ref('user_embeddings')",
    )
    guide.write(
        "tests/test_app_categories.py",
        '''"""The page of categories."""

import pytest
from app_pages import open_app

pytestmark = pytest.mark.build


def test_each_category_is_listed_with_its_users(sample_build, monkeypatch):
    """Somebody would plan a campaign for a category that nobody looks at."""
    app = open_app(sample_build.serving_copy, monkeypatch, "categories")
    (shown,) = app.dataframe
    users = sample_build.value("select count(*) from user_category_actions")
    assert shown.value["users"].sum() == users
''',
    )
    guide.check()
