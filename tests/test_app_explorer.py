"""The explorer page: what the notebook's network takes for alike, and how far to trust it."""

import json
import shutil

import duckdb
import numpy as np
import pytest
from app_pages import EXPLORER, open_app
from bootloader.app.embedding_charts import CHOSEN, REST, plane_chart
from bootloader.app.embedding_space import plane, similarities
from bootloader.app.pages.explorer import ATTRIBUTES, NEAREST_SHOWN
from bootloader.app.serving_copy import UNKNOWN
from bootloader.app.state import State
from bootloader.app.theme import LIGHT
from streamlit.testing.v1 import AppTest

import pandas as pd  # isort: skip

pytestmark = pytest.mark.build

HOSTILE = ["<script>alert(1)</script>", "@@=alert(1)", "{city}", "**bold** :red[x] $x$", "🚲"]


def open_page(serving_copy, monkeypatch, **query: str) -> AppTest:
    return open_app(serving_copy, monkeypatch, EXPLORER, **query)


@pytest.fixture
def own_copy(sample_build, tmp_path):
    """A serving copy that a test may change."""
    path = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    return path


@pytest.mark.parametrize("attribute", ATTRIBUTES)
def test_each_attribute_shows_its_values(sample_build, monkeypatch, attribute):
    """One of the choices would end in an error, or leave values out without saying so."""
    app = open_page(sample_build.serving_copy, monkeypatch, attribute=attribute)
    known = sample_build.value(
        f"select count(*) from attribute_embeddings where attribute = '{attribute}'"
    )
    options = app.selectbox(key="similar_to").options
    limited = any("values with most users" in caption.value for caption in app.caption)
    assert len(options) == (min(known, State.values) if limited else known)
    assert len(app.dataframe[0].value) == min(len(options) - 1, NEAREST_SHOWN)
    assert len(app.get("vega_lite_chart")) == 2
    assert ("users" in app.dataframe[0].value) == (attribute != "category")


def test_the_nearest_values_are_those_of_the_embeddings(sample_build, monkeypatch):
    """The list would name states that the network does not see as similar."""
    app = open_page(sample_build.serving_copy, monkeypatch, attribute="state")
    chosen = app.selectbox(key="similar_to").options[3]
    app.selectbox(key="similar_to").select(chosen).run()
    expected = sample_build.query(
        """
        select
            others.value as label,
            list_cosine_similarity(others.embedding, chosen.embedding) as similarity,
            (select count(*) from users where state = others.value) as users
        from attribute_embeddings as others, attribute_embeddings as chosen
        where others.attribute = 'state' and chosen.attribute = 'state'
            and chosen.value = $1 and others.value <> $1
        order by similarity desc
        limit $2
        """,
        [chosen, NEAREST_SHOWN],
    )
    shown = app.dataframe[0].value.reset_index(drop=True)
    assert shown["label"].to_list() == expected["label"].to_list()
    assert shown["users"].to_list() == expected["users"].to_list()
    assert np.allclose(shown["similarity"], expected["similarity"], atol=1e-5)


def test_a_link_opens_the_same_comparison(sample_build, monkeypatch):
    """A colleague would open the link and see other values than those that were meant."""
    app = open_page(sample_build.serving_copy, monkeypatch, attribute="age", similar_to="55+")
    assert app.selectbox(key="similar_to").value == "55+"
    assert "55+" not in app.dataframe[0].value["label"].to_list()


def test_values_of_few_users_come_with_a_warning(own_copy, monkeypatch):
    """Somebody would plan a push by what is chance."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("update users set device = 'iOS'")
    app = open_page(own_copy, monkeypatch, attribute="Device")
    assert "1 of these 2 values" in app.warning[0].value


def test_values_of_many_users_come_without_a_warning(sample_build, monkeypatch):
    """A warning that is always there would be read by nobody."""
    assert not open_page(sample_build.serving_copy, monkeypatch, attribute="Device").warning


def test_text_of_the_data_stays_text(own_copy, monkeypatch):
    """A city's name could run a script in somebody's browser."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from attribute_embeddings where attribute = 'age'")
        copy.executemany(
            "insert into attribute_embeddings values ('age', $1, $2)",
            [(text, [1.0, float(number)]) for number, text in enumerate(HOSTILE)],
        )
    app = open_page(own_copy, monkeypatch, attribute="Age")
    assert set(app.selectbox(key="similar_to").options) == set(HOSTILE)
    interpreted = [*app.markdown, *app.caption, *app.info, *app.warning]
    assert not any(text in element.value for element in interpreted for text in HOSTILE)


def test_users_without_a_value_are_called_unknown(own_copy, monkeypatch):
    """The network's own name for a missing value would puzzle whoever reads it."""
    with duckdb.connect(own_copy) as copy:
        copy.execute(
            "update attribute_embeddings set value = '#na#' "
            "where attribute = 'age' and value = '55+'"
        )
        copy.execute("update users set age = null where age = '55+'")
        users = copy.execute("select count(*) from users where age is null").fetchone()[0]
    app = open_page(own_copy, monkeypatch, attribute="age", similar_to="18-24")
    shown = app.dataframe[0].value.set_index("label")["users"]
    assert shown[UNKNOWN] == users > 0


def test_nothing_to_compare_is_said(own_copy, monkeypatch):
    """An empty picture would look like a broken one."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from attribute_embeddings where attribute <> 'age'")
        copy.execute("delete from attribute_embeddings where value <> '55+'")
    app = open_page(own_copy, monkeypatch)
    assert "only one value" in app.info[0].value


def test_without_embeddings_the_page_says_what_to_do(own_copy, monkeypatch):
    """The page would end in an error where too few events were there to learn from."""
    with duckdb.connect(own_copy) as copy:
        copy.execute("delete from attribute_embeddings")
    app = open_page(own_copy, monkeypatch)
    assert "make build" in app.info[0].value


def test_the_plane_keeps_the_most_and_says_how_much():
    """The picture would claim to show more of the differences than it does."""
    generator = np.random.default_rng(42)
    embeddings = generator.normal(size=(30, 6)) * [5, 3, 1, 1, 1, 1]
    positions, shares = plane(embeddings)
    directions = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    variances = np.linalg.eigvalsh(np.cov(directions.T))[::-1]
    assert np.allclose(shares, variances[:2] / variances.sum())
    assert np.allclose(positions.var(axis=0, ddof=1), variances[:2])
    assert np.allclose(positions.mean(axis=0), 0)


def test_the_plane_is_the_same_whichever_way_its_axes_point():
    """Two builds of the same data would show each other's mirror image."""
    embeddings = np.random.default_rng(1).normal(size=(20, 5))
    positions, _ = plane(embeddings)
    # A turn of the whole space changes no distance, but may change the signs of the solution.
    turn, _ = np.linalg.qr(np.random.default_rng(2).normal(size=(5, 5)))
    assert np.allclose(plane(embeddings @ turn)[0], positions)
    assert (positions[np.abs(positions).argmax(axis=0), [0, 1]] > 0).all()


def test_two_values_or_all_the_same_still_have_a_place():
    """The page of an attribute with two values, such as the device, would not open."""
    positions, shares = plane(np.array([[1.0, 0, 0], [0, 1.0, 0]]))
    assert np.allclose(shares, [1, 0])
    assert np.allclose(np.linalg.norm(positions[0] - positions[1]), np.sqrt(2))
    positions, shares = plane(np.array([[0.1, 0.3]] * 3))
    assert not positions.any()
    assert not shares.any()


def test_similarity_is_the_cosine():
    """A value that the network knows well would look closer than one of the same direction."""
    embeddings = np.array([[1.0, 0], [3, 0], [0, 2], [-1, 0], [0, 0]])
    assert np.allclose(similarities(embeddings, 0), [1, 1, 0, -1, 0])


def test_values_that_are_all_alike_are_drawn_close():
    """The similarity would say 1.00 and the picture opposite ends of the world."""
    values = pd.DataFrame(
        {
            "label": ["iOS", "android"], "group": [CHOSEN, REST], "x": [0.01, -0.01],
            "y": [0.0, 0.0], "similarity": [1.0, 0.9998], "users": [40, 50],
        }
    )  # fmt: skip
    spec = plane_chart(values, (1.0, 0.0), LIGHT).to_dict()
    low, high = spec["layer"][0]["encoding"]["x"]["scale"]["domain"]
    assert 0.02 / (high - low) < 0.1


def test_all_values_are_points_whether_named_or_not(sample_build, monkeypatch):
    """A city without a name in the picture would be missing from it."""
    app = open_page(sample_build.serving_copy, monkeypatch, attribute="city")
    points, names = json.loads(app.get("vega_lite_chart")[0].proto.spec)["layer"]
    assert "transform" not in points
    assert REST in str(names["transform"])


def test_a_value_that_a_link_asks_for_in_vain_is_named(sample_build, monkeypatch):
    """Somebody would read about another value than the one that was meant."""
    app = open_page(sample_build.serving_copy, monkeypatch, attribute="age", similar_to="90")
    assert "90" in app.warning[0].value
