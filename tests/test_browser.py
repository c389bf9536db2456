"""The app in a real browser: what is drawn, clicked, downloaded and asked for over the network."""

import io
import re
import shutil
from contextlib import suppress
from urllib.parse import parse_qs, urlencode, urlsplit

import duckdb
import pytest
from app_pages import first_user
from axe_playwright_python.sync_playwright import Axe
from bootloader.app.theme import DARK, LIGHT
from browser import CHROMIUM, PAGES, PATIENCE, PHONE, launch, running_app, wait_until_shown
from PIL import Image, ImageChops
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError
from playwright.sync_api import expect, sync_playwright

import pandas as pd  # isort: skip

PROBES = ["health", "host-config"]
expect.set_options(timeout=PATIENCE)
LAPTOP = {"viewport": {"width": 1280, "height": 720}}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMIUM is None, reason="there is no Chromium here (Debian: apt install chromium)"
    ),
]


@pytest.fixture(scope="module")
def address(sample_build):
    with running_app(sample_build.serving_copy, sample_build.folder / "app.log") as address:
        yield address


@pytest.fixture(scope="module")
def chromium():
    with sync_playwright() as playwright, launch(playwright) as browser:
        yield browser


class Visit:
    """A browser window with the app, and what it asked for and complained about."""

    def __init__(self, browser, address, **context):
        self.address = address
        self.page = browser.new_context(accept_downloads=True, **context).new_page()
        self.page.set_default_timeout(PATIENCE)
        self.requests, self.errors = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("websocket", lambda socket: self.requests.append(socket.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", self._keep_error)

    def _keep_error(self, message):
        # Opened by its own address, a page first asks below it for what is at the root, and says
        # that it was not there (streamlit/streamlit#7074).
        path = urlsplit(message.location.get("url", "")).path
        is_probe = path in [f"/{page}/_stcore/{what}" for page in PAGES for what in PROBES]
        if message.type == "error" and not is_probe:
            self.errors.append(message.text)

    def open(self, path="", **query):
        self.page.goto(f"{self.address}/{path}?{urlencode(query, doseq=True)}")
        wait_until_shown(self.page)
        return self.page

    def click_map(self, x: float, y: float, name: str) -> list[str]:
        """Click a place of the map until the address has a parameter, and return its values.

        deck.gl takes a press of more than a quarter of a second, as a busy machine sees it, for
        the start of a drag.
        """
        picture(self.page)
        for _ in range(5):
            self.page.mouse.click(*place_on_page(self.page, x, y))
            with suppress(PlaywrightTimeoutError):
                return self.wait_for_parameter(name, timeout=PATIENCE / 5)
        return self.wait_for_parameter(name)

    def wait_for_parameter(
        self, name: str, value: str | None = None, timeout: float = PATIENCE
    ) -> list[str]:
        """Wait until the address has a parameter, with that value among its own if one is given."""
        self.page.wait_for_function(
            "([name, value]) => { const all = new URL(location).searchParams.getAll(name);"
            " return value === null ? all.length > 0 : all.includes(value); }",
            arg=[name, value],
            timeout=timeout,
        )
        wait_until_shown(self.page)
        return self.address_now()[name]

    def address_now(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.page.url).query)


@pytest.fixture
def visit(chromium, address):
    visit = Visit(chromium, address, **LAPTOP)
    yield visit
    visit.page.context.close()


def canvas(page):
    return page.get_by_test_id("stDeckGlJsonChart").locator("canvas").first


def picture(page) -> Image.Image:
    """Return the map as soon as it no longer changes."""
    wait_until_shown(page)
    before = None
    for _ in range(30):
        image = Image.open(io.BytesIO(canvas(page).screenshot())).convert("RGB")
        is_still = before is not None and image.tobytes() == before.tobytes()
        if is_still and len(image.getcolors(1 << 24)) > 10:
            break
        before = image
        page.wait_for_timeout(500)
    return image


def drawn_box(image: Image.Image, sea) -> tuple[int, int, int, int]:
    """Return where something else than the sea is: left, top, right, bottom."""
    background = Image.new("RGB", image.size, sea)
    apart = ImageChops.difference(image, background).convert("L").point(lambda v: 255 * (v > 12))
    return apart.getbbox()


def place_on_page(page, x: float, y: float) -> tuple[float, float]:
    """Return where a place of the map of the United States is on the page."""
    box = canvas(page).bounding_box()
    scale = 0.98 * min(box["width"] / 975, box["height"] / 610)
    return (
        box["x"] + box["width"] / 2 + scale * (x - 487.5),
        box["y"] + box["height"] / 2 + scale * (y - 305),
    )


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_only_this_machine_and_complains_of_nothing(visit, path):
    """Somebody would learn who looks at the app, or a part of the page would stay empty."""
    page = visit.open(path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert visit.errors == []
    hosts = {
        urlsplit(url).hostname for url in visit.requests if not url.startswith(("data:", "blob:"))
    }
    assert hosts == {"127.0.0.1"}
    assert barriers(page) == []


def barriers(page) -> list[str]:
    """Return what keeps people out of a page, as axe-core finds it."""
    found = Axe().run(page).response["violations"]
    return [
        f"{rule['impact']}: {rule['help']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize(
    "path, scheme",
    [
        *((path, "dark") for path in ("", "how-sure", "?section=compare")),
        ("?section=profile", "light"),
        ("?user={first_user}", "light"),
    ],
)
def test_a_page_keeps_nobody_out(chromium, address, sample_build, path, scheme):
    """People who use a keyboard, a screen reader or strong contrast could not work with it."""
    visit = Visit(chromium, address, color_scheme=scheme, **LAPTOP)
    page = visit.page
    path = path.format(first_user=first_user(sample_build.serving_copy))
    page.goto(f"{address}/{path}")
    wait_until_shown(page)
    found = barriers(page)
    page.context.close()
    assert found == []


def test_the_answer_is_above_the_fold_next_to_a_map_worth_looking_at(visit):
    """A manager would have to scroll between the map, the figures and the file."""
    page = visit.open()
    box = canvas(page).bounding_box()
    assert box["height"] >= 420
    assert box["y"] + box["height"] <= 720
    answer = [
        *page.get_by_test_id("stMetric").all()[:4],
        page.get_by_test_id("stVegaLiteChart").first,
        page.get_by_role("button", name=re.compile(r"Download \d")),
        page.get_by_role("button", name="Suggested size"),
    ]
    for element in answer:
        place = element.bounding_box()
        assert place["y"] + place["height"] <= 720
        assert place["x"] >= box["x"] + box["width"]
    left, top, right, bottom = drawn_box(picture(page), LIGHT.sea)
    assert max((right - left) / box["width"], (bottom - top) / box["height"]) > 0.93


@pytest.mark.slow
def test_the_map_fills_the_screen_with_its_legend(visit):
    """A manager would show a small map without a legend to others."""
    page = visit.open()
    before = picture(page)
    page.get_by_test_id("stDeckGlJsonChart").hover()
    page.get_by_role("button", name="Fullscreen").first.click()
    page.wait_for_timeout(1_500)
    image = picture(page)
    assert image.width > 1.5 * before.width
    left, top, right, bottom = drawn_box(image, LIGHT.sea)
    assert max((right - left) / image.width, (bottom - top) / image.height) > 0.9
    legend = page.locator(".map-legend")
    expect(legend).to_be_in_viewport()
    place = legend.bounding_box()
    assert page.evaluate(
        "([x, y]) => document.elementFromPoint(x, y).closest('.map-legend') !== null",
        [place["x"] + 20, place["y"] + place["height"] / 2],
    )
    page.keyboard.press("Escape")
    page.wait_for_timeout(1_500)
    assert abs(picture(page).width - before.width) <= 2


def test_every_page_keeps_what_was_chosen_and_back_and_reload_restore_it(visit):
    """A link to one audience would end with the download of another one."""
    page = visit.open(campaign="Games", percent="10", strategy="pending_views")

    def users():
        wait_until_shown(page)
        return page.get_by_test_id("stMetric").first.inner_text()

    def selected(label):
        return page.get_by_role("combobox", name=label).first.input_value()

    first = users()
    length = page.evaluate("history.length")
    for name in ("Segments", "How sure", "Data health", "Explorer", "Audience"):
        page.locator(".st-key-menu").get_by_role("link", name=name).click()
        expect(page).to_have_title(re.compile(name))
        wait_until_shown(page)
        assert visit.address_now() == {
            "campaign": ["Games"],
            "strategy": ["pending_views"],
            "percent": ["10"],
        }
        if name not in ("Data health", "Explorer"):
            assert "Games" in page.get_by_role("heading", level=1).inner_text()
    assert users() == first
    assert page.evaluate("history.length") == length + 5
    for _ in range(5):
        page.go_back()
        wait_until_shown(page)
    assert users() == first
    page.get_by_label("Percent").fill("20")
    page.keyboard.press("Enter")
    visit.wait_for_parameter("percent", "20")
    second = users()
    assert second != first
    page.reload()
    assert users() == second
    page.go_back()
    assert users() == first
    page.go_forward()
    assert users() == second


def test_filters_are_chips_that_can_be_taken_away(visit):
    """A manager would look at one state and download all of them."""
    page = visit.open(percent="100", filter_state=["CA", "NY"])
    both = page.get_by_role("button", name=re.compile(r"Download \d")).inner_text()
    page.locator(".st-key-filters").get_by_role("button", name="Remove State: NY").click()
    page.wait_for_function("!new URL(location).search.includes('NY')")
    wait_until_shown(page)
    assert visit.address_now()["filter_state"] == ["CA"]
    assert page.get_by_role("button", name=re.compile(r"Download \d")).inner_text() != both


def test_the_curve_chooses_the_size(visit):
    """A manager would see where reach bends and have to type the number."""
    page = visit.open(percent="25")
    plot = page.get_by_test_id("stVegaLiteChart").first.locator("svg .plot, svg g.root").first
    box = plot.bounding_box()
    page.mouse.click(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4)
    page.wait_for_function("!new URL(location).search.includes('percent=25')")
    assert 40 <= int(visit.address_now()["percent"][0]) <= 75


@pytest.mark.slow
def test_a_click_tells_who_it_is_and_who_is_similar(visit, sample_build):
    """A manager would see dots and never learn why anybody is one of them."""
    page = visit.open(users="40")
    with duckdb.connect(sample_build.serving_copy, read_only=True) as copy:
        users = copy.execute(
            "select audience_rank, session_id, longitude, latitude from campaign_audience "
            "where campaign = 'bicycle' and longitude between -120 and -75 "
            "and latitude between 28 and 45 and audience_rank <= 40"
        ).df()
    distances = [
        (users[["longitude", "latitude"]].drop(index=row.Index) - [row.longitude, row.latitude])
        .pow(2).sum(axis=1).min()
        for row in users.itertuples()
    ]  # fmt: skip
    alone = users.loc[pd.Series(distances, users.index).idxmax()]
    with duckdb.connect() as connection:
        from conftest import PROJECT

        prepare = PROJECT / "python" / "bootloader" / "app" / "prepare" / "projections.sql"
        connection.execute(prepare.read_text())
        place = connection.execute(
            "select albers_usa(?, ?)", [alone["longitude"], alone["latitude"]]
        ).fetchone()[0]
    assert visit.click_map(place["x"], place["y"], "user") == [alone["session_id"]]
    expect(page.get_by_text(f"Rank {alone['audience_rank']}:")).to_be_visible()
    expect(page.get_by_text(f"User {alone['session_id']}")).to_be_visible()
    page.get_by_role("button", name="Most similar users").click()
    expect(page.get_by_text("By attributes and place")).to_be_visible()


def test_a_click_on_a_state_shows_its_users_only(visit):
    """A manager would look for a state in a list of filters while pointing at it."""
    page = visit.open(users="1")
    # The north of Nevada, where hardly anybody lives.
    assert visit.click_map(160, 235, "filter_state") == ["NV"]
    expect(page.get_by_text("that pass the filters")).to_be_visible()


@pytest.mark.slow
def test_the_map_follows_the_color_and_the_campaign(visit):
    """A manager would choose and nothing would happen."""
    pictures = []
    for query in ({"color": "age"}, {"color": "age"}, {"color": "device"}):
        page = visit.open(percent="50", **query)
        pictures.append(picture(page).tobytes())
    visit.open(percent="50", color="age", campaign="Games")
    pictures.append(picture(page).tobytes())
    assert pictures[0] == pictures[1]
    assert len(set(pictures)) == 3


def test_the_dark_theme_has_a_dark_map(chromium, address):
    """A bright map would dazzle whoever works in the dark."""
    visit = Visit(chromium, address, color_scheme="dark", **LAPTOP)
    image = picture(visit.open())
    visit.page.context.close()
    assert image.getpixel((3, image.height // 2)) == DARK.sea
    bright = image.convert("L").histogram()
    assert sum(bright[:128]) > 0.8 * sum(bright)


@pytest.mark.parametrize(
    "button, read",
    [
        (re.compile(r"Download \d"), pd.read_csv),
        ("Ids only", pd.read_csv),
        ("Parquet", pd.read_parquet),
    ],
)
def test_the_file_has_the_rows_that_the_page_promised(visit, sample_build, tmp_path, button, read):
    """The push would go to other people than those who the page counted."""
    page = visit.open(percent="10")
    with page.expect_download() as download:
        page.get_by_role("button", name=button).first.click()
    download.value.save_as(tmp_path / "list")
    listed = read(tmp_path / "list")
    expected = sample_build.query(
        "select session_id, array_to_string(reasons, '; ') as reasons from campaign_audience "
        "where campaign = 'bicycle' order by audience_rank"
    ).head(int(sample_build.value("select count(*) from users") * 0.10))
    assert listed["session_id"].to_list() == expected["session_id"].to_list()
    if button == "Ids only":
        assert list(listed.columns) == ["session_id"]
    else:
        assert listed["reasons"].to_list() == expected["reasons"].to_list()


HOSTILE = [
    "<script>document.title = 'run'</script>", "<img src=x onerror=\"document.title = 'run'\">",
    '=HYPERLINK("http://example.com")', "@@=document.title", "{city} ${1} {{1}}",
    "**bold** :red[x] $x$ [link](http://example.com)", "'; drop table users; --",
    "🚲\u202e",
]  # fmt: skip
HOSTILE_COLUMNS = (
    "session_id", "reference_session_id", "age", "marital_status", "device", "city", "state",
    "zip_code", "segment", "raw_event", "source_file", "column_value", "value",
)  # fmt: skip


@pytest.fixture(scope="module")
def hostile_copy(sample_build, tmp_path_factory):
    """A serving copy of the sample in which every text of the events means harm."""
    path = tmp_path_factory.mktemp("hostile") / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, path)
    with duckdb.connect(path) as copy:
        columns = copy.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() "
            "where data_type = 'VARCHAR' and column_name in (select unnest(?)) "
            "and table_name in (select table_name from duckdb_tables())",
            [list(HOSTILE_COLUMNS)],
        ).fetchall()
        for table, column in columns:
            copy.execute(
                f"update {table} set {column} = "
                f"($1::varchar[])[1 + ascii({column}) % $2] || ' ' || {column}",
                [HOSTILE, len(HOSTILE)],
            )
    return path


def test_hostile_texts_are_shown_as_texts_on_every_page(chromium, hostile_copy, tmp_path):
    """Whoever makes up a city's name could act as a manager, or on their machine."""
    user = first_user(hostile_copy, "Games")
    with running_app(hostile_copy, tmp_path / "app.log") as address:
        visit = Visit(chromium, address, viewport={"width": 1280, "height": 2500})
        for path in PAGES:
            page = visit.open(path, campaign="Games", user=user, color="age")
            expect(page.get_by_test_id("stException")).to_have_count(0)
            assert page.title() != "run"
            assert page.locator("img[src=x], a[href*='example.com']").count() == 0
        visit.open(campaign="Games", percent="100", section="profile")
        with page.expect_download() as download:
            page.get_by_role("button", name=re.compile(r"Download \d")).first.click()
        download.value.save_as(tmp_path / "list.csv")
        hosts = {urlsplit(url).hostname for url in visit.requests if "://" in url}
        page.context.close()
    assert visit.errors == []
    assert hosts <= {"127.0.0.1", None}
    cells = pd.read_csv(tmp_path / "list.csv", dtype=str).select_dtypes("str")
    texts = cells[["session_id", "age", "city", "state", "reasons"]].stack()
    assert texts.str.contains("HYPERLINK", regex=False).any()
    assert not texts.str.match(r"[=+\-@\t\r]").any()
    log = (tmp_path / "app.log").read_text()
    assert not any(text in log for text in HOSTILE)


@pytest.fixture
def phone(chromium, address):
    visit = Visit(chromium, address, **PHONE)
    yield visit
    visit.page.context.close()


@pytest.mark.slow
def test_a_phone_shows_every_page_without_scrolling_sideways(phone):
    """A manager on the way would see half a page, and half a country."""
    for path in PAGES:
        page = phone.open(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page = phone.open()
    image = picture(page)
    left, _, right, _ = drawn_box(image, LIGHT.sea)
    assert right - left > 0.9 * image.width


def test_a_finger_on_the_map_scrolls_the_page(phone):
    """A manager on the way would be caught by the map and never reach the figures."""
    page = phone.open()
    page.get_by_test_id("stDeckGlJsonChart").scroll_into_view_if_needed()
    box = canvas(page).bounding_box()
    scrolled = "document.querySelector('[data-testid=stMain]').scrollTop"
    before = page.evaluate(scrolled)
    finger = page.context.new_cdp_session(page)
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    for kind, places in [
        ("touchStart", [{"x": x, "y": y}]),
        *(("touchMove", [{"x": x, "y": y - 10 * step}]) for step in range(1, 16)),
        ("touchEnd", []),
    ]:
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    page.wait_for_timeout(500)
    assert page.evaluate(scrolled) > before + 100


def test_legend_entries_stay_with_their_colors_on_a_phone(phone):
    """A manager on the way would see colors without knowing what they mean."""
    page = phone.open(color="age")
    # At one moment, because the legend may be drawn again.
    entries = page.evaluate(
        """[...document.querySelectorAll(".map-legend li")].map(entry => {
            const box = entry.getBoundingClientRect()
            const swatch = entry.querySelector("i").getBoundingClientRect()
            return [box.height, swatch.y + swatch.height / 2 - box.y - box.height / 2]
        })"""
    )
    assert len(entries) == 5
    for height, distance in entries:
        assert height < 30
        assert abs(distance) < 6


@pytest.mark.slow
def test_a_new_build_announces_itself(chromium, sample_build, tmp_path):
    """A manager would work on yesterday's list until somebody tells them."""
    served = tmp_path / "serving.duckdb"
    shutil.copy(sample_build.serving_copy, served)
    with running_app(served, tmp_path / "app.log") as address:
        visit = Visit(chromium, address, **LAPTOP)
        page = visit.open()
        newer = tmp_path / "newer.duckdb"
        shutil.copy(served, newer)
        newer.replace(served)
        button = page.get_by_role("button", name="Show the new build")
        expect(button).to_be_visible(timeout=60_000)
        button.click()
        expect(button).to_have_count(0, timeout=30_000)
        page.context.close()
