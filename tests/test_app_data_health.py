"""The data health page: the figures of the warehouse, good news, and what was rejected."""

import shutil

import duckdb
import pytest
from app_pages import DATA_HEALTH, open_app
from bootloader.app.embedding_charts import events_chart
from bootloader.app.pages.data_health import EXAMPLES_PER_REASON, MOST_CHARACTERS
from bootloader.app.theme import LIGHT
from streamlit.testing.v1 import AppTest

import pandas as pd  # isort: skip

pytestmark = pytest.mark.build

HOSTILE = ["<script>alert(1)</script>", "@@=alert(1)", "{city}", "**bold** :red[x] $x$", "🚲"]


def open_page(serving_copy, monkeypatch) -> AppTest:
    return open_app(serving_copy, monkeypatch, DATA_HEALTH)


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label.split(" (")[0]: metric.value for metric in app.metric}


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


@pytest.fixture
def clean_copy(own_copy):
    """A serving copy of a build that rejected nothing."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from rejected_events")
        copy.execute("update source_file_audit set records = events")
        copy.execute("update source_file_audit set duplicate_events = 0, rejected_records = 0")
    return own_copy


@pytest.fixture
def rejected_copy(clean_copy):
    """A serving copy of a build that rejected records of a second file, with hostile texts."""
    rows = [("malformed JSON", text + "x" * (number * 100)) for number, text in enumerate(HOSTILE)]
    rows += [("duplicate event", HOSTILE[0])]
    with duckdb.connect(clean_copy) as copy:
        copy.executemany("insert into rejected_events values ($1, $2, '<b>.json')", rows)
        copy.execute(
            "insert into source_file_audit by name "
            "select '<b>.json' as source_file, 6 as records, 0 as events, "
            "1 as duplicate_events, 5 as rejected_records"
        )
    return clean_copy


def test_the_figures_are_those_of_the_warehouse(sample_build, monkeypatch):
    """Somebody would trust data that has errors, or mistrust data that has none."""
    app = open_page(sample_build.serving_copy, monkeypatch)
    shown = figures(app)
    for label, sql in {
        "Records read": "select sum(records) from source_file_audit",
        "Accepted": "select count(*) from events",
        "Duplicates": "select sum(duplicate_events) from source_file_audit",
        "Rejected": "select sum(rejected_records) from source_file_audit",
        "Users": "select count(*) from users",
        "With contradicting attributes": "select count(*) from users where conflicting_attributes",
        "Of unknown gender": "select count(*) from users where gender_cleaned = 'U'",
    }.items():
        assert shown[label] == f"{int(sample_build.value(sql)):,}", label
    columns, files = app.dataframe[-2].value, app.dataframe[-1].value
    audit = sample_build.query("from column_audit").set_index("column_name")
    for column in columns.itertuples():
        assert column.missing_values == audit.loc[column.column_name, "missing_values"]
    assert len(columns) == len(audit)
    views = sample_build.value("select avg((amount is null)::int) from events")
    share = columns.set_index("column_name").loc["amount", "share_missing"]
    assert share == pytest.approx(views)
    assert files["records"].sum() == sample_build.value(
        "select count(*) from main_internal.validated_records"
    )


def test_nothing_rejected_is_good_news(clean_copy, monkeypatch):
    """An empty table would look like something that broke."""
    app = open_page(clean_copy, monkeypatch)
    assert "Good news" in app.success[0].value
    assert figures(app)["Rejected"] == "0"
    assert not app.expander


def test_rejected_records_come_with_reasons_and_a_few_short_examples(rejected_copy, monkeypatch):
    """An export could not be fixed, or one endless line would hide all others."""
    app = open_page(rejected_copy, monkeypatch)
    assert not app.success
    reasons = app.dataframe[0].value
    assert reasons["reason"].to_list() == ["malformed JSON", "duplicate event"]
    assert reasons["records"].to_list() == [5, 1]
    with duckdb.connect(rejected_copy, read_only=True) as copy:
        words = copy.execute("from rejection_reasons").df().set_index("reason")
    for row in reasons.itertuples():
        assert (row.meaning, row.remedy) == tuple(words.loc[row.reason, ["meaning", "remedy"]])
    examples = [text.value for text in app.expander[0].text if "from <b>.json" in text.value]
    assert len(examples) == EXAMPLES_PER_REASON + 1
    assert max(map(len, examples)) <= MOST_CHARACTERS + len("…\n\nfrom <b>.json")
    assert any("…" in example for example in examples)
    assert app.dataframe[-1].value["source_file"].iloc[0] == "<b>.json"


def test_rejected_text_stays_text(rejected_copy, monkeypatch):
    """A record that nobody accepted could still run a script in somebody's browser."""
    app = open_page(rejected_copy, monkeypatch)
    assert any(HOSTILE[0] in text.value for text in app.text)
    interpreted = [*app.markdown, *app.caption, *app.info, *app.success, *app.warning]
    assert not any(text in element.value for element in interpreted for text in HOSTILE)


def test_days_without_events_are_counted(own_copy, monkeypatch):
    """A day whose file never came would go unnoticed."""
    with duckdb.connect(own_copy) as copy:
        first = copy.execute("select min(event_date) from daily_events").fetchone()[0]
        copy.execute("delete from daily_events where event_date = $1::date + 1", [first])
    app = open_page(own_copy, monkeypatch)
    caption = next(text.value for text in app.caption if text.value.startswith("From "))
    assert f"{first.day} {first:%B %Y}" in caption
    assert "1 day has none" in caption


def test_days_are_drawn_in_utc():
    """Readers in America would see the events a day early."""
    days = pd.DataFrame({"event_date": ["2014-03-01"], "event_name": ["View"], "events": [3]})
    chart = events_chart(days, LIGHT).to_dict()
    assert chart["encoding"]["x"]["timeUnit"] == "utcyearmonthdate"


def test_without_any_record_the_page_says_what_to_do(own_copy, monkeypatch):
    """Somebody whose files are elsewhere would see figures of nothing."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from source_file_audit")
    app = open_page(own_copy, monkeypatch)
    assert "events_path" in app.info[0].value
    assert not app.metric


@pytest.mark.parametrize(
    "is_new, told",
    [
        ("null", "This is the first build"),
        ("false", "has a value that the last build did not have"),
        ("column_value = $1", "a spelling that somebody should check"),
    ],
)
def test_new_values_are_listed_where_there_are_any(own_copy, monkeypatch, is_new, told):
    """A new market, or a new spelling of an old one, would go unnoticed."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update column_values set column_value = $1 "
            "where column_name = 'state' and column_value = 'CA'",
            [HOSTILE[0]],
        )
        copy.execute(f"update column_values set is_new = {is_new}", [HOSTILE[0]][: "$1" in is_new])
    app = open_page(own_copy, monkeypatch)
    assert any(told in caption.value for caption in app.caption)
    listed = [table.value for table in app.dataframe if "column_value" in table.value]
    assert [table["column_value"].to_list() for table in listed] == (
        [[HOSTILE[0]]] if "$1" in is_new else []
    )


def test_findings_about_the_input_are_shown_as_text_and_every_page_says_so(clean_copy, monkeypatch):
    """A manager would trust figures of a file that lost all fundings."""
    with duckdb.connect(clean_copy) as copy:
        copy.executemany(
            "insert into input_findings values ($1, $2)", [("f", text) for text in HOSTILE]
        )
    app = open_page(clean_copy, monkeypatch)
    assert "Worth a look" in [header.value for header in app.header]
    assert set(HOSTILE) <= {text.value for text in app.text}
    said = "5 findings about the data: see Data health"
    assert any(said in caption.value for caption in app.caption)
    front = open_app(clean_copy, monkeypatch)
    assert any(said in caption.value for caption in front.caption)
