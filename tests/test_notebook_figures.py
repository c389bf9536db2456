"""On the challenge's events every figure equals the reference notebook's."""

import json
import statistics

import numpy as np
import pandas as pd
import pytest
from bootloader.networks.attribute_network import train_attribute_network
from conftest import NOTEBOOK_FIGURES, REAL_EVENTS

pytestmark = pytest.mark.build

ATTRIBUTES = ["age", "marital_status", "device", "city", "state", "zip_code"]


@pytest.fixture(scope="module")
def notebook(real_events) -> dict:
    return json.loads(NOTEBOOK_FIGURES.read_text())


def test_every_event_is_accepted(real_build, notebook):
    """An analyst would miss events, or count some that are none."""
    assert real_build.value("select count(*) from events") == notebook["events"]
    assert real_build.value("select count(*) from rejected_events") == 0


def test_first_events_have_the_values_of_the_file(real_build, notebook):
    """A value would be mistyped on the way in, such as a zip code without its leading zero."""
    for expected in notebook["first_events"]:
        found = real_build.query(
            "select * from events where session_id = $1 and client_time = $2",
            [expected["session_id"], expected["client_time"]],
        )
        assert len(found) == 1
        for column, value in expected.items():
            assert found.iloc[0][column] == value, column


def test_users_and_their_events_are_the_notebooks(real_build, notebook):
    """The audience would be of another size, or the busiest users others."""
    assert real_build.value("select count(*) from users") == notebook["users"]
    busiest = notebook["events_of_busiest_users"]
    found = real_build.query("select session_id, events from users where events >= 23")
    counts = dict(zip(found["session_id"], found["events"], strict=True))
    assert {user: counts[user] for user in busiest} == busiest


def test_audit_finds_what_the_notebooks_checks_found(real_build, notebook):
    """A data problem would go unseen, or one be reported that is none."""
    audit = real_build.query("select * from column_audit").set_index("column_name")
    columns = notebook["columns_after_unnest"]
    assert (audit.loc[columns, "missing_values"] == notebook["missing_values_per_column"]).all()
    several = audit.index[audit["users_with_several_values"].fillna(0) > 0]
    assert list(several) == notebook["attributes_with_more_than_one_value_per_user"]


def test_genders_with_and_without_the_never_known(real_build, notebook, tmp_path):
    """A push by gender would reach people whose gender nobody knows, or leave some out."""
    sql = "select gender_cleaned, count(*) as users from users group by all"
    counts = real_build.query(sql).set_index("gender_cleaned")["users"].to_dict()
    never_known = counts.pop("U")
    assert never_known == 103
    assert counts["F"] == notebook["gender_cleaned"]["F"]
    assert counts["M"] + never_known == notebook["gender_cleaned"]["M"]

    as_in_notebook = type(real_build)(tmp_path).dbt(
        "run", "--select", "+users", events_path=str(REAL_EVENTS), unknown_gender="M"
    )
    counts = as_in_notebook.succeeds().query(sql).set_index("gender_cleaned")["users"].to_dict()
    assert counts == notebook["gender_cleaned"]


def test_pairs_have_the_notebooks_values(real_build, notebook):
    """The network would learn from other figures than the notebook's."""
    pairs = real_build.query("from user_category_actions order by session_id, category")
    assert len(pairs) == notebook["user_category_pairs"]
    for position, expected in enumerate(notebook["first_pairs"]):
        expected = dict(expected)
        pair = pairs.iloc[position]
        assert pair["interval_between_actions"] == expected.pop("interval_between_actions_s")
        for column, value in expected.items():
            assert pair[column] == value, (position, column)


def test_every_pair_equals_a_second_computation_in_pandas(real_build, real_events):
    """A pair that the notebook did not print could differ from what the notebook computes."""
    events = pd.json_normalize(json.loads(real_events.read_text())["data"])
    events = events.rename(columns=lambda name: name.removeprefix("location."))
    events = events.sort_values(["session_id", "category", "client_time"])
    groups = events.groupby(["session_id", "category"])
    expected = pd.DataFrame(
        {
            "funds": groups["event_name"].agg(lambda names: (names == "Fund Project").sum()),
            "views": groups["event_name"].agg(lambda names: (names == "View Project").sum()),
            "interval_between_actions": groups["client_time"]
            .agg(lambda times: times.diff().mean())
            .fillna(0.0),
            "amount_funded": groups["amount"].sum(min_count=1),
        }
    )
    expected["views_per_funding"] = (
        (expected["views"] / expected["funds"]).where(expected["funds"] > 0, 0.0).astype(float)
    )
    expected["avg_conversion_ratio"] = expected["funds"] / expected["views"]
    expected = expected.join(
        events.groupby("session_id")[[*ATTRIBUTES, "latitude", "longitude"]].first()
    )
    found = real_build.query("from user_category_actions order by session_id, category")
    found = found.set_index(["session_id", "category"])
    pd.testing.assert_frame_equal(
        found[expected.columns.to_list()], expected, check_dtype=False, rtol=1e-12
    )


def test_user_embeddings_have_the_notebooks_length(real_build, notebook):
    """Similarity would be computed from other attributes than the notebook's."""
    lengths = real_build.query("select distinct len(embedding) as length from user_embeddings")
    assert lengths["length"].to_list() == [notebook["user_embedding"]["columns"] - 1]
    sizes = real_build.query(
        "select attribute, max(len(embedding)) as size from attribute_embeddings group by all"
    )
    sizes = sizes.set_index("attribute")["size"].to_dict()
    expected = notebook["network"]["embedding_sizes_seen"]
    assert {attribute: sizes[attribute] for attribute in expected} == expected


def test_top_quarter_of_games_is_the_notebooks(real_build, notebook):
    """The list that a growth manager takes would be longer or shorter than the notebook's."""
    figures = notebook["similar_users"]
    taken = int(notebook["users"] * figures["percentile"])
    users = real_build.query("from user_embeddings order by session_id").set_index("session_id")
    vectors = np.stack(users["embedding"]).astype(float)
    best = real_build.query(
        """
        select session_id from user_category_actions where category = 'Games'
        order by funds desc, session_id limit 1
        """
    ).iloc[0, 0]
    reference = vectors[users.index.get_loc(best)]
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(reference)
    cosine = pd.Series(vectors @ reference / lengths, index=users.index)
    expected = cosine.nlargest(taken).drop(best)
    listed = real_build.query(
        "from similar_users where campaign = 'Games' and similarity_rank < $1", [taken]
    ).set_index("session_id")
    assert len(listed) == len(expected) == figures["users_listed_for_Games"]
    assert set(listed["reference_session_id"]) == {best}
    # Single and double precision may order users differently who are equally similar.
    assert len(set(listed.index) ^ set(expected.index)) <= 2
    both = listed.index.intersection(expected.index)
    assert np.allclose(listed.loc[both, "similarity"], expected[both], atol=1e-5)


@pytest.mark.slow
def test_training_loss_is_the_notebooks(real_build, notebook):
    """The embeddings would come from a network that learned less, or another one."""
    pairs = real_build.query("from user_category_actions order by session_id, category")
    runs = [train_attribute_network(pairs, seed).epochs["train_loss"] for seed in range(5)]
    expected = notebook["network"]["training_loss_by_epoch"]
    assert all(len(losses) == len(expected) for losses in runs)
    last = statistics.median(losses.iloc[-1] for losses in runs)
    assert last == pytest.approx(expected[-1], abs=0.002)
