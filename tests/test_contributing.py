"""The guides of CONTRIBUTING, each followed to the letter on a copy of the project."""

import re
import sys
from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest
from conftest import PROJECT, Build, sample_events, with_variables, write_events
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

    def replace(self, path: str, before: str, after: str) -> None:
        """Change a text that a file has only once."""
        file = self._file(path)
        text = file.read_text()
        assert text.count(before) == 1, (path, before)
        file.write_text(text.replace(before, after))

    def check(self, **variables: object) -> None:
        """Compare what was touched with what the guide names, and run its commands.

        Args:
            variables: what dbt builds, for somebody who has other events than the sample's.
        """
        untouched = [n for n in self.named if not any(fnmatch(path, n) for path in self.touched)]
        unnamed = [path for path in self.touched if not any(fnmatch(path, n) for n in self.named)]
        assert (untouched, unnamed) == ([], [])
        assert self.commands
        for command in self.commands:
            program, *words = command.split()
            if program == "dbt":
                words = with_variables(tuple(words), variables)
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
    guide.replace(
        "docs/tables.md",
        "| | `daily_events`",
        "| | `users_by_state` | state |\n| | `daily_events`",
    )
    guide.replace(
        "CHANGELOG.md", "## [0.1.0]", "### Added\n\n- The table `users_by_state`.\n\n## [0.1.0]"
    )
    guide.check()
    assert guide.build.value("select sum(users) from main.users_by_state") == guide.build.value(
        "select count(*) from users"
    )


def test_an_attribute_is_added(published, tmp_path):
    """Somebody's own attribute would be read and then be missing where users are chosen."""
    guide = Guide("Add an attribute of users", published)
    guide.replace("macros/event_fields.sql", "'device',\n    ]", "'device', 'income',\n    ]")
    guide.replace("macros/event_fields.sql", "'device', 'state'", "'device', 'income', 'state'")
    guide.replace(
        "macros/user_attributes.sql", "'device', 'state']", "'device', 'income', 'state']"
    )
    guide.replace(
        "python/bootloader/attributes.py",
        '    "state": "State",\n',
        '    "income": "Income",\n    "state": "State",\n',
    )
    guide.replace(
        "models/docs.md",
        "{% docs city %}",
        "{% docs income %}\nThe income: high or low.\n{% enddocs %}\n\n{% docs city %}",
    )
    for file in guide.build.project.glob("models/*/*.yml"):
        # A network is trained on a device too, and the notebook's has attributes of its own.
        if file.stem not in ("training_runs", "attribute_training_rows"):
            for line in re.findall(
                r"(?m)^ +- \{.*\bname: (?:has_several_)?device\b.*\n", file.read_text()
            ):
                path = file.relative_to(guide.build.project).as_posix()
                guide.replace(path, line, line + line.replace("device", "income"))

    events = sample_events()
    views, funds = (
        Counter(event["session_id"] for event in events if event["event_name"] == name)
        for name in ("View Project", "Fund Project")
    )
    for event in events:
        is_ready = 2 * funds[event["session_id"]] > views[event["session_id"]]
        event["income"] = "high" if is_ready else "low"
    write_events(tmp_path / "events.json", events)
    guide.check(events_path=str(tmp_path / "events.json"))

    reasons = "select count(*) from campaign_audience where list_contains(reasons, 'income high')"
    assert guide.build.value(reasons) > 0
    for table in ("campaign_factors", "audience_factors"):
        assert guide.build.value(f"select count(*) from {table} where factor = 'income'") > 0
    assert guide.build.value("select count(*) from push_segments where income = 'high'") > 0
    assert guide.build.value("select count(income) from users") > 0


def test_a_strategy_is_added(published):
    """Somebody's own ranking would not be compared with the others, or never be recommended."""
    guide = Guide("Add a strategy", published)
    guide.replace(
        "models/audiences/strategy_scores.sql",
        "\nscores as (\n",
        """
by_last_view as (
    select
        features.cutoff,
        'last_view' as strategy,
        campaigns.campaign,
        features.session_id,
        max(features.view_freshness) as score
    from campaigns
    inner join features on campaigns.category = features.category
    group by features.cutoff, campaigns.campaign, features.session_id
),

scores as (
""",
    )
    guide.replace(
        "models/audiences/strategy_scores.sql",
        "    select * from by_pending_views\n",
        "    select * from by_pending_views\n"
        "    union all by name\n"
        "    select * from by_last_view\n",
    )
    guide.replace(
        "seeds/strategies.csv",
        "\nrandom,",
        "\nlast_view,Viewed last,Users come first who viewed such a project last.,true\nrandom,",
    )
    guide.check()
    measured = guide.build.query("select * from strategy_evaluation where strategy = 'last_view'")
    campaigns = guide.build.value("select count(distinct campaign) from campaigns")
    assert len(measured) == campaigns
    assert measured["auc_low"].notna().all()
    assert guide.build.value("select count(*) from strategy_rankings where strategy = 'last_view'")


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
    guide.replace("streamlit_app.py", "import audience, ", "import audience, categories, ")
    guide.replace(
        "streamlit_app.py",
        '    "explorer": ',
        '    "categories": ("Categories", ":material/category:", categories.show),\n'
        '    "explorer": ',
    )
    guide.replace(
        "models/exposures.yml",
        "      - ref('user_embeddings')\n",
        "      - ref('user_category_actions')\n      - ref('user_embeddings')\n",
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
