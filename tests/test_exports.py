"""Lists for machines are exact, and lists for people harmless."""

import csv
import io
import unicodedata

import duckdb
import pandas as pd
import pytest
from bootloader.exports import as_csv, as_spreadsheet_csv, spreadsheet_safe
from hypothesis import example, given
from hypothesis import strategies as st

pytestmark = pytest.mark.unit

ODD = ["+15551234567", "-NqZ8Firebase", "@handle", "=1+1", 'a "b", c', "007", "1e5", "NA", "TRUE",
       "null", "'quoted", "a;b", "O'Neil", "\\N", "-", "🚲", "١٢٣"]  # fmt: skip


def is_accepted(text: str) -> bool:
    """Tell what the rules for records say of an id."""
    return text == text.strip() and text != "" and not any(
        unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in text
    )  # fmt: skip


ids = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(is_accepted)


@given(st.lists(ids | st.sampled_from(ODD), min_size=1, max_size=8))
@example(ODD)
def test_any_id_comes_back_as_it_was(tmp_path_factory, listed):
    """The push tool would match nobody, or notify somebody else."""
    text = as_csv(pd.DataFrame({"session_id": listed, "push_id": "p"}))
    path = tmp_path_factory.getbasetemp() / "ids.csv"
    path.write_text(text, encoding="utf-8", newline="")
    assert pd.read_csv(path, dtype=str, keep_default_na=False)["session_id"].to_list() == listed
    assert [row["session_id"] for row in csv.DictReader(io.StringIO(text, newline=""))] == listed
    rows = duckdb.sql(
        f"select session_id from read_csv('{path}', header = true, all_varchar = true, "
        "delim = ',', quote = '\"', escape = '\"')"
    ).fetchall()
    assert [id_ for (id_,) in rows] == listed


@given(st.lists(ids | st.sampled_from(ODD), min_size=1, max_size=8))
@example(ODD)
def test_no_cell_of_a_list_for_people_is_a_formula(listed):
    """Opening the list would run what a user wrote into an id."""
    text = as_spreadsheet_csv(pd.DataFrame({"session_id": listed}))
    [_, *cells] = [row[0] for row in csv.reader(io.StringIO(text, newline="")) if row]
    assert len(cells) == len(listed)
    for cell, id_ in zip(cells, listed, strict=True):
        assert not cell.lstrip().startswith(("=", "+", "-", "@"))
        assert cell.replace("'", "") == id_.replace("'", "")


@pytest.mark.parametrize("end", ["\r", "\n", "\x00", "\x85", "\u2028", "\u2029"])
def test_a_list_with_an_id_that_could_pose_as_two_is_not_written(end):
    """Whoever writes events could put a control into the list of users to notify."""
    with pytest.raises(ValueError, match="session_id"):
        as_csv(pd.DataFrame({"session_id": [f"u5{end}u6"]}))


def test_a_downloaded_list_runs_nothing_in_a_spreadsheet():
    """A name in the data could run as a formula on a manager's machine."""
    frame = pd.DataFrame(
        {"city": ['=HYPERLINK("x")', "+1", "-1", "@a", "Reno", "x;=1", "\n=1", None]}
    ).assign(latitude=-1.5)
    safe = spreadsheet_safe(frame)
    assert safe["city"].to_list()[:5] == ['\'=HYPERLINK("x")', "'+1", "'-1", "'@a", "Reno"]
    assert safe["city"].to_list()[5:7] == ["x;'=1", "'\n'=1"]
    assert safe["city"].isna().to_list() == [False] * 7 + [True]
    assert safe["latitude"].equals(frame["latitude"])
