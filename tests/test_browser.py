"""The app in a real browser: what is drawn, clicked, downloaded and asked for over the network."""

import gzip
import io
import json
import math
from urllib.parse import urlencode, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from bootloader.app.map_layers import SEA
from bootloader.app.viewport import WIDE
from browser import CHROMIUM, PAGES, launch, running_app, wait_until_shown
from conftest import PROJECT, Build
from PIL import Image
from playwright.sync_api import expect, sync_playwright

import pandas as pd  # isort: skip

PROBES = ["health", "host-config"]

pytestmark = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium here (Debian: apt install chromium)"
)


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
        self.page.goto(f"{self.address}/{path}?{urlencode(query)}")
        wait_until_shown(self.page)
        return self.page


@pytest.fixture
def visit(chromium, address):
    visit = Visit(chromium, address, viewport={"width": 1280, "height": 1000})
    yield visit
    visit.page.context.close()


def the_map(page):
    return page.get_by_test_id("stDeckGlJsonChart")


def map_pixels(page):
    wait_until_shown(page)
    return the_map(page).locator("canvas").first.screenshot()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_only_this_machine_and_complains_of_nothing(visit, path):
    """Somebody would learn who looks at the app, or a part of the page would stay empty."""
    page = visit.open("" if path == "map" else path)
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)
    assert visit.errors == []
    hosts = {
        urlsplit(url).hostname for url in visit.requests if not url.startswith(("data:", "blob:"))
    }
    assert hosts == {"127.0.0.1"}


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_keeps_nobody_out(chromium, address, path, scheme):
    """People who use a keyboard, a screen reader or strong contrast could not work with it."""
    visit = Visit(chromium, address, color_scheme=scheme, viewport={"width": 1280, "height": 1000})
    page = visit.open("" if path == "map" else path)
    found = Axe().run(page).response["violations"]
    page.context.close()
    assert [
        f"{rule['impact']}: {rule['help']}: {node['html'][:200]}"
        for rule in found
        for node in rule["nodes"]
    ] == []


def test_the_map_follows_the_colour_and_the_campaign(visit):
    """A growth manager would choose and nothing would happen."""
    page = visit.open(percent=50)
    by_age = map_pixels(page)
    assert map_pixels(page) == by_age
    visit.open(percent=50, colour="Device")
    by_device = map_pixels(page)
    visit.open(percent=50, campaign="Games")
    of_games = map_pixels(page)
    assert len({by_age, by_device, of_games}) == 3


def pixel_of(longitude, latitude, size, zoom=WIDE, centre=(-96.5, 38.5)):
    """Where a place is on a map in the projection of web maps (Mercator's on tiles of 512)."""

    def world(longitude, latitude):
        scale = 512 * 2**zoom / (2 * math.pi)
        north = math.log(math.tan(math.pi / 4 + math.radians(latitude) / 2))
        return scale * math.radians(longitude), -scale * north

    (x, y), (x0, y0) = world(longitude, latitude), world(*centre)
    return {"x": size["width"] / 2 + x - x0, "y": size["height"] / 2 + y - y0}


def test_a_click_tells_who_it_is_and_who_is_similar(visit, sample_build):
    """A growth manager would see points and never learn why anybody is one of them."""
    users = sample_build.query(
        "select audience_rank, session_id, latitude, longitude from campaign_audience "
        "where campaign = 'bicycle' and longitude between -120 and -75 "
        "and latitude between 28 and 45 order by audience_rank limit 41"
    )
    places = users[["longitude", "latitude"]]
    distances = [
        (places.drop(index=row.Index) - [row.longitude, row.latitude]).pow(2).sum(axis=1).min()
        for row in users.itertuples()
    ]
    alone = users.loc[pd.Series(distances).idxmax()]
    page = visit.open(campaign="bicycle", percent=1)
    canvas = the_map(page).locator("canvas").first
    box = canvas.bounding_box()
    place = pixel_of(alone["longitude"], alone["latitude"], box)
    page.mouse.click(box["x"] + place["x"], box["y"] + place["y"])
    expect(page.get_by_text(f"Rank {alone['audience_rank']}:")).to_be_visible()
    expect(page.get_by_text(f"User {alone['session_id']}")).to_be_visible()
    expect(page.get_by_text("Most similar by attributes and place")).to_be_visible()
    assert f"rank={alone['audience_rank']}" in page.url
    other = 41 if alone["audience_rank"] != 41 else 40
    page.get_by_label("Look at the user of rank").fill(f"{other}")
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Rank {other}:")).to_be_visible()


@pytest.mark.parametrize("kind, read", [("CSV", pd.read_csv), ("Parquet", pd.read_parquet)])
def test_the_file_has_the_rows_that_the_page_promised(visit, sample_build, tmp_path, kind, read):
    """The push would go to other people than those whom the page counted."""
    page = visit.open("audience", campaign="bicycle", percent=10)
    with page.expect_download() as download:
        page.get_by_role("button", name=f"users as {kind}").click()
    download.value.save_as(tmp_path / "list")
    listed = read(tmp_path / "list")
    expected = sample_build.query(
        "select session_id, array_to_string(reasons, '; ') as reasons from campaign_audience "
        "where campaign = 'bicycle' order by audience_rank"
    ).head(int(sample_build.value("select count(*) from users") * 0.10))
    assert page.get_by_role("button", name=f"Download {len(expected):,} users as {kind}").count()
    assert listed["session_id"].to_list() == expected["session_id"].to_list()
    assert listed["reasons"].to_list() == expected["reasons"].to_list()


HOSTILE = [
    "<script>document.title = 'run'</script>", "<img src=x onerror=\"document.title = 'run'\">",
    '=HYPERLINK("http://example.com")', "@@=document.title", "{city} ${1} {{1}}",
    "**bold** :red[x] $x^2$ [link](http://example.com)", "'; drop table users; --",
    "🚲\u202e\u0000",
]  # fmt: skip


@pytest.fixture(scope="module")
def hostile_build(tmp_path_factory):
    """A build of the sample in which every text of the data means harm."""
    build = Build(tmp_path_factory.mktemp("hostile"))
    events = json.loads(gzip.decompress((PROJECT / "data" / "sample_events.json.gz").read_bytes()))
    texts = {}

    def hostile(value):
        number = texts.setdefault(value, len(texts))
        return f"{HOSTILE[number % len(HOSTILE)]} {number}"

    for event in events["data"]:
        for column in ("session_id", "age", "marital_status", "device"):
            event[column] = hostile(event[column])
        for column in ("city", "state", "zip_code"):
            event["location"][column] = hostile(event["location"][column])
    # Those of no campaign's category are refused or counted, and shown as data health.
    events["data"][0] |= {"category": HOSTILE[0], "event_name": HOSTILE[1]}
    events["data"][1] |= {"category": HOSTILE[1]}
    path = build.folder / "events.json"
    path.write_text(json.dumps(events))
    return build.dbt("build", events_path=str(path)).succeeds()


def test_hostile_texts_are_shown_as_texts_on_every_page(chromium, hostile_build, tmp_path):
    """Whoever makes up a city's name could act as a growth manager, or on their machine."""
    assert HOSTILE[0] not in hostile_build.output
    with running_app(hostile_build.serving_copy, tmp_path / "app.log") as address:
        visit = Visit(chromium, address, viewport={"width": 1280, "height": 2500})
        for path in PAGES:
            page = visit.open("" if path == "map" else path, campaign="Games", rank=1)
            expect(page.get_by_test_id("stException")).to_have_count(0)
            assert page.title() != "run"
            assert page.locator("img[src=x], a[href*='example.com']").count() == 0
        visit.open("audience", campaign="Games")
        with page.expect_download() as download:
            page.get_by_role("button", name="users as CSV").click()
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


def test_a_phone_shows_every_page_without_scrolling_sideways(chromium, address):
    """A growth manager on the way would see half a page, and half a country."""
    visit = Visit(
        chromium,
        address,
        viewport={"width": 390, "height": 844},
        user_agent="Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 Safari",
    )
    for path in PAGES:
        page = visit.open("" if path == "map" else path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 390, path
    visit.open()
    picture = Image.open(io.BytesIO(map_pixels(page))).convert("RGB")
    # From the north of Washington to the south of Florida: nothing but sea at both sides.
    middle = picture.crop((0, picture.height * 2 // 5, picture.width, picture.height * 3 // 5))
    sides = [middle.crop((x, 0, x + 1, middle.height)) for x in (0, middle.width - 1)]
    assert [side.getcolors() for side in sides] == [[(middle.height, SEA)]] * 2
    page.context.close()
