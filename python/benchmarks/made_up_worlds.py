"""Worlds in which the probability that a user funds is known exactly, because we made them.

In every world, a user arrives, views a first project, and goes on to view others at random. Each
view is funded with some chance, after an exponential delay. How much a user views, which categories
and how readily the user funds depend on the user's kind, which no event tells. From all that
happened before the cut, :func:`true_probabilities` infers the kind (Bayes) and adds up what may
still happen within the horizon. It also knows which view each funding followed, so nobody who sees
only the events can do better.

Times are days since the launch. Arrays of pairs have a row per user and a column per category.
"""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import sample_events
from scipy.integrate import cumulative_simpson
from scipy.special import softmax

LAUNCH = 1_393_632_000  # 2014-03-01, a Saturday
CUT = 22.0
HORIZON = 7.0
END = CUT + HORIZON

FIVE_CATEGORIES = ("Environment", "Fashion", "Games", "Sports", "Technology")
AGES = {"18-24": 0.22, "25-34": 0.28, "35-44": 0.20, "45-54": 0.17, "55+": 0.13}
HIGHEST_CHANCE = 0.97

AMOUNT_SPREAD = 0.4  # of the logarithm


@dataclass(frozen=True)
class Kinds:
    """The hidden kinds of users.

    Attributes:
        prior: the share of each kind, shape (kinds,), or for each user, shape (users, kinds).
        views: views a day, shape (kinds, categories). The first view follows the same shares.
        readiness: the chance that a view is ever funded, shape (kinds, categories).
        log_amount: the mean of the logarithm of a funding's dollars, shape (kinds,).
    """

    prior: np.ndarray
    views: np.ndarray
    readiness: np.ndarray
    log_amount: np.ndarray


@dataclass(frozen=True)
class World:
    """What there is to know about a world, hidden kinds included.

    Attributes:
        users: one row per user: session_id and, unless they are unknown, attributes.
        arrived: when each user views the first project, shape (users,).
        factor: what attributes do to the readiness, shape (users, 1) or (users, categories).
        delay: mean days from a view to its funding.
        stays: days that a user goes on viewing.
        season: the chance of a view to be funded as a share of the best day's, by its day.
        unprompted: fundings a day in each category without a view.
        habit: how many more fundings each funding brings on average, and after how many days.
        attributes_tell: whether attributes say anything that the actions do not say.
    """

    users: pd.DataFrame
    categories: tuple[str, ...]
    arrived: np.ndarray
    kinds: Kinds
    factor: np.ndarray
    delay: float = 4.0
    stays: float = math.inf
    season: Callable[[np.ndarray], np.ndarray] = np.ones_like
    unprompted: float = 0.0
    habit: tuple[float, float] = (0.0, 1.0)
    attributes_tell: bool = True

    def readiness(self, kind: int | np.ndarray, user: np.ndarray, category: np.ndarray):
        """Return the chance that a view on the best day is ever funded."""
        factor = self.factor[user, category if self.factor.shape[1] > 1 else 0]
        return np.minimum(self.kinds.readiness[kind, category] * factor, HIGHEST_CHANCE)

    def share_after(self, days: np.ndarray) -> np.ndarray:
        """Return the share of all fundings that come within so many days after their view."""
        return -np.expm1(-np.maximum(days, 0) / self.delay)


@dataclass(frozen=True)
class History:
    """What happened in a world.

    Attributes:
        views: one row per view: user, category, day, is_first, funded_day (infinite for never).
        fundings: one row per funding: user, category, day, amount.
    """

    views: pd.DataFrame
    fundings: pd.DataFrame

    def events(self, world: World) -> pd.DataFrame:
        """Return the events before the cut in the product's format, in the order of time."""
        names = {"View Project": self.views, "Fund Project": self.fundings}
        columns = ["user", "category", "day", "amount"]
        events = pd.concat(
            [
                frame.reindex(columns=columns).assign(event_name=name)
                for name, frame in names.items()
            ]
        )
        events = events[events["day"] < CUT].sort_values(["day", "user"], ignore_index=True)
        people = world.users.iloc[events["user"]].reset_index(drop=True)
        return people.assign(
            event_name=events["event_name"],
            category=np.array(world.categories)[events["category"]],
            client_time=(LAUNCH + events["day"] * 86_400).astype("int64"),
            amount=events["amount"].round(2),
        )


def live(world: World, rng: np.random.Generator) -> History:
    """Let everything happen, up to the end of the horizon."""
    kinds, users = world.kinds, np.arange(len(world.users))
    prior = np.broadcast_to(kinds.prior, (len(users), len(kinds.views)))
    kind = _choose(prior, rng)
    first = _choose((kinds.views / kinds.views.sum(axis=1, keepdims=True))[kind], rng)
    days = np.minimum(world.stays, END - world.arrived)
    more = _spread(rng.poisson(kinds.views[kind] * days[:, None]), world.arrived, days, rng)
    arrivals = pd.DataFrame({"user": users, "category": first, "day": world.arrived})
    views = pd.concat([arrivals, more], ignore_index=True)
    views["is_first"] = views.index < len(users)
    user, category = views["user"].to_numpy(), views["category"].to_numpy()
    day = views["day"].to_numpy()
    chance = world.readiness(kind[user], user, category) * world.season(day)
    funded_day = day + rng.exponential(world.delay, len(views))
    views["funded_day"] = np.where(rng.random(len(views)) < chance, funded_day, np.inf)

    days = END - world.arrived
    counts = rng.poisson(np.outer(days, np.full(len(world.categories), world.unprompted)))
    newest = pd.concat(
        [
            views.assign(day=views["funded_day"])[["user", "category", "day"]],
            _spread(counts, world.arrived, days, rng),
        ]
    )
    generations = []
    while len(newest := newest[newest["day"] < END]):
        generations.append(newest)
        newest = newest.iloc[
            np.repeat(np.arange(len(newest)), rng.poisson(world.habit[0], len(newest)))
        ]
        newest = newest.assign(day=newest["day"] + rng.exponential(world.habit[1], len(newest)))
    fundings = pd.concat([newest, *generations], ignore_index=True)
    spread = rng.normal(0, AMOUNT_SPREAD, len(fundings))
    fundings["amount"] = np.exp(kinds.log_amount[kind[fundings["user"]]] + spread)
    return History(views, fundings)


def _choose(shares: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Choose a column for each row, by the shares of the row."""
    below = rng.random((len(shares), 1)) > shares.cumsum(axis=1)
    return np.minimum(below.sum(axis=1), shares.shape[1] - 1)


def _spread(
    counts: np.ndarray, starts: np.ndarray, days: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Return rows per user and category, as many as counted, at random moments of the days."""
    user, category = (
        np.repeat(index.ravel(), counts.ravel()) for index in np.indices(counts.shape)
    )
    day = starts[user] + rng.random(len(user)) * days[user]
    return pd.DataFrame({"user": user, "category": category, "day": day})


def funded_within_horizon(world: World, history: History) -> np.ndarray:
    """Return for each user and category whether the user funds between the cut and its horizon."""
    fundings = history.fundings[history.fundings["day"] >= CUT]
    funded = np.zeros((len(world.users), len(world.categories)), bool)
    funded[fundings["user"], fundings["category"]] = True
    return funded


def true_probabilities(world: World, history: History) -> np.ndarray:
    """Return for each user and category the probability to fund within the horizon.

    It uses only what happened before the cut. Rows of users who arrive later mean nothing.
    """
    kinds, shape = world.kinds, (len(world.users), len(world.categories))
    views = history.views[history.views["day"] < CUT]
    user, category = views["user"].to_numpy(), views["category"].to_numpy()
    day, is_first = views["day"].to_numpy(), views["is_first"].to_numpy()
    is_funded, season = views["funded_day"].to_numpy() < CUT, world.season(day)
    matured = world.share_after(CUT - day)
    matured_later = world.share_after(END - day)
    fundings = history.fundings[history.fundings["day"] < CUT]
    funder, bought = fundings["user"].to_numpy(), fundings["category"].to_numpy()
    pair = user * shape[1] + category

    def by_user(values: np.ndarray) -> np.ndarray:
        return np.bincount(user, values, minlength=shape[0])

    # How likely the history of each user is if the user is of the kind.
    viewing_days = np.minimum(world.stays, np.maximum(CUT - world.arrived, 0))
    log_amount = np.log(fundings["amount"].to_numpy())
    likelihoods = []
    for kind, rates in enumerate(kinds.views):
        chance = world.readiness(kind, user, category) * season
        fates = np.where(is_funded, np.log(chance + 1e-300), np.log1p(-chance * matured))
        choices = np.log(np.where(is_first, rates[category] / rates.sum(), rates[category]))
        amounts = -(((log_amount - kinds.log_amount[kind]) / AMOUNT_SPREAD) ** 2) / 2
        likelihoods.append(
            by_user(fates + choices)
            - rates.sum() * viewing_days
            + np.bincount(funder, amounts, minlength=shape[0])
        )
    weights = softmax(np.log(kinds.prior) + np.stack(likelihoods, axis=1), axis=1)

    # A view of tomorrow must also be followed by its funding before the horizon ends.
    grid = np.linspace(CUT, END, 701)
    worth = cumulative_simpson(
        world.season(grid) * world.share_after(END - grid), x=grid, initial=0
    )
    views_worth = np.interp(np.minimum(world.arrived + world.stays, END), grid, worth)
    everybody, every_category = np.indices(shape)
    nothing = np.zeros(shape)
    for kind, rates in enumerate(kinds.views):
        chance = world.readiness(kind, user, category) * season
        soon = chance * (matured_later - matured) / (1 - chance * matured)
        log_nothing = np.bincount(
            pair, np.where(is_funded, 0, np.log1p(-soon)), minlength=shape[0] * shape[1]
        ).reshape(shape)
        readiness = world.readiness(kind, everybody, every_category)
        log_nothing -= rates * readiness * views_worth[:, None]
        nothing += weights[:, [kind]] * np.exp(log_nothing)

    more, days = world.habit
    ages = CUT - fundings["day"].to_numpy()
    habit = more * (np.exp(-ages / days) - np.exp(-(ages + HORIZON) / days))
    expected = np.bincount(
        funder * shape[1] + bought, habit, minlength=shape[0] * shape[1]
    ).reshape(shape)
    return 1 - nothing * np.exp(-expected - world.unprompted * HORIZON)


# ---- The worlds ----------------------------------------------------------------------------------


def _people(users: int, rng: np.random.Generator) -> pd.DataFrame:
    """Make users with attributes; the cities are those of the sample events."""
    with Path(sample_events.__file__).with_name("cities.csv").open() as file:
        cities = pd.DataFrame(csv.DictReader(file))
    weight = cities["weight"].astype(float)
    city = cities.iloc[rng.choice(len(cities), users, p=weight / weight.sum())]
    return pd.DataFrame(
        {
            "session_id": [f"user {number}" for number in rng.permutation(users)],
            "age": rng.choice(list(AGES), users, p=list(AGES.values())),
            "gender": rng.choice(["F", "M"], users),
            "marital_status": rng.choice(["married", "single"], users),
            "device": rng.choice(["android", "iOS"], users),
            "state": city["state"].to_numpy(),
            "city": city["city"].to_numpy(),
        }
    )


def _arrivals(users: int, rng: np.random.Generator) -> np.ndarray:
    """Half of the users come in the first days, the others at any time."""
    return np.where(
        rng.random(users) < 0.5, rng.exponential(2, users) % END, rng.random(users) * END
    )


def _kinds(
    readiness: dict[float, float],
    *,
    views: dict[float, float] | None = None,
    popularity: np.ndarray | None = None,
    log_amounts: list[float] | None = None,
) -> Kinds:
    """Return every combination of a readiness, a level of activity and a favorite category.

    Args:
        readiness: the share of the users with each chance that a view is ever funded.
        views: the share of the users with each number of views a day.
        popularity: the share of the users who favor each category, shape (categories,). Of a user's
            views, 70% are in the favorite, the others by popularity.
        log_amounts: for each readiness the mean of the logarithm of the dollars.
    """
    views = views or {0.12: 0.5, 0.5: 0.35, 1.5: 0.15}
    popularity = np.full(5, 0.2) if popularity is None else popularity
    categories = len(popularity)
    rows = [
        (
            ready_share * active_share * popularity[favorite],
            active * (0.3 * popularity + 0.7 * (np.arange(categories) == favorite)),
            np.full(categories, ready),
            log_amounts[number] if log_amounts else 3.2,
        )
        for number, (ready, ready_share) in enumerate(readiness.items())
        for active, active_share in views.items()
        for favorite in range(categories)
    ]
    return Kinds(*(np.array(column) for column in zip(*rows, strict=True)))


def _eager_groups(users: pd.DataFrame, factor: float = 1.5) -> np.ndarray:
    """Two groups of users fund more readily than everybody else."""
    young = (users["age"] == "18-24") & users["state"].isin(["CA", "CO", "GA", "OR"])
    married = (users["marital_status"] == "married") & (users["device"] == "iOS")
    eager = young | (married & users["state"].isin(["FL", "NY", "TX"]))
    return np.where(eager, factor, 1.0)[:, None]


def lasting_views(users: int, rng: np.random.Generator) -> World:
    """Views stay good for weeks."""
    people = _people(users, rng)
    return World(
        people, FIVE_CATEGORIES, _arrivals(users, rng), _kinds({0.6: 1}), _eager_groups(people),
        delay=15,
    )  # fmt: skip


def short_views(users: int, rng: np.random.Generator) -> World:
    """A view is funded within days, or never."""
    people = _people(users, rng)
    return World(
        people, FIVE_CATEGORIES, _arrivals(users, rng), _kinds({0.5: 1}), _eager_groups(people),
        delay=1.5,
    )  # fmt: skip


def affinity(users: int, rng: np.random.Generator) -> World:
    """There are few views; age and gender predict which categories a user likes."""
    people = _people(users, rng)
    liking = rng.normal(0, 1, (10, 5))  # by kind and category
    views = 0.12 * np.exp(liking) / np.exp(liking).mean(axis=1, keepdims=True)
    readiness = 0.35 * np.exp(liking / 2)
    tastes = rng.dirichlet(np.full(10, 0.3), (len(AGES), 2))  # of each age and gender
    age = people["age"].map({age: number for number, age in enumerate(AGES)}).to_numpy()
    prior = tastes[age, (people["gender"] == "F").to_numpy().astype(int)] * 0.98 + 0.002
    kinds = Kinds(prior, views, readiness, np.full(10, 3.2))
    return World(people, FIVE_CATEGORIES, _arrivals(users, rng), kinds, np.ones((users, 1)))


def rare_fundings(users: int, rng: np.random.Generator) -> World:
    """One view in a hundred is funded; age, device and category matter."""
    people = _people(users, rng)
    by_age = people["age"].map(dict(zip(AGES, [2.5, 1.5, 0.7, 0.4, 0.3], strict=True)))
    by_device = people["device"].map({"iOS": 1.6, "android": 0.6})
    factor = np.outer(by_age * by_device, [0.5, 0.8, 1, 1.2, 1.6])
    kinds = _kinds({0.009: 1}, views={0.5: 0.5, 1.5: 0.35, 4: 0.15})
    return World(people, FIVE_CATEGORIES, _arrivals(users, rng), kinds, factor)


def one_category(users: int, rng: np.random.Generator) -> World:
    """There is only one category; some users fund more readily than others."""
    kinds = _kinds(
        {0.02: 0.35, 0.2: 0.2, 0.5: 0.2, 0.95: 0.25}, popularity=np.ones(1),
        views={0.1: 0.5, 0.3: 0.3, 1: 0.2},
    )  # fmt: skip
    return World(
        _people(users, rng), ("Sports",), _arrivals(users, rng), kinds, np.ones((users, 1)),
        attributes_tell=False,
    )  # fmt: skip


def long_tail(users: int, rng: np.random.Generator) -> World:
    """Forty categories, most of them with few users."""
    people = _people(users, rng)
    popularity = 1 / np.arange(1, 41) ** 1.1
    names = (*FIVE_CATEGORIES, *(f"Category {number}" for number in range(6, 41)))
    kinds = _kinds({0.5: 1}, popularity=popularity / popularity.sum(), views={0.3: 0.6, 1.5: 0.4})
    return World(people, names, _arrivals(users, rng), kinds, _eager_groups(people), delay=5)


def robots(users: int, rng: np.random.Generator) -> World:
    """One user in 150 has hundreds or thousands of views, and never funds."""
    people = _people(users, rng)
    human, robot = _kinds({0.5: 1}), _kinds({0: 1}, views={20: 0.5, 60: 0.3, 150: 0.2})
    kinds = Kinds(
        np.r_[human.prior * 149, robot.prior] / 150,
        np.r_[human.views, robot.views],
        np.r_[human.readiness, robot.readiness],
        np.r_[human.log_amount, robot.log_amount],
    )
    return World(
        people, FIVE_CATEGORIES, _arrivals(users, rng), kinds, _eager_groups(people), delay=5
    )


def growth(users: int, rng: np.random.Generator) -> World:
    """Views are funded more often each week, and more often on weekends."""

    def season(day: np.ndarray) -> np.ndarray:
        return 2 ** (day / END - 1) * np.where(np.floor(day) % 7 < 2, 1, 0.45)

    people = _people(users, rng)
    return World(
        people, FIVE_CATEGORIES, _arrivals(users, rng), _kinds({0.65: 1}),
        _eager_groups(people, 1.4), delay=2, season=season,
    )  # fmt: skip


def habit(users: int, rng: np.random.Generator) -> World:
    """A funding leads to more fundings in the same category, without a view."""
    return World(
        _people(users, rng), FIVE_CATEGORIES, _arrivals(users, rng), _kinds({0.25: 1}),
        np.ones((users, 1)), delay=3, habit=(0.8, 15), attributes_tell=False,
    )  # fmt: skip


def large_tickets(users: int, rng: np.random.Generator) -> World:
    """Users who pledge large amounts rarely fund."""
    kinds = _kinds({0.9: 0.25, 0.6: 0.25, 0.3: 0.25, 0.08: 0.25}, log_amounts=[2.0, 3.0, 4.0, 5.2])
    return World(
        _people(users, rng), FIVE_CATEGORIES, _arrivals(users, rng), kinds, np.ones((users, 1)),
        attributes_tell=False,
    )  # fmt: skip


def newcomers(users: int, rng: np.random.Generator) -> World:
    """Most users are new and stay for two days; age and state predict how readily they fund."""
    people = _people(users, rng)
    by_age = people["age"].map(dict(zip(AGES, [1.6, 1.2, 0.8, 0.5, 0.3], strict=True)))
    states = sorted(people["state"].unique())
    by_state = dict(zip(states, np.exp(rng.normal(0, 0.6, len(states))), strict=True))
    factor = (by_age * people["state"].map(by_state)).to_numpy()[:, None]
    return World(
        people, FIVE_CATEGORIES, END * np.sqrt(rng.random(users)),
        _kinds({0.3: 1}, views={0.5: 0.6, 2: 0.4}), factor, delay=1.5, stays=2,
    )  # fmt: skip


def no_attributes(users: int, rng: np.random.Generator) -> World:
    """Users have no attributes; some fund more readily than others."""
    kinds = _kinds({0.05: 0.25, 0.35: 0.25, 0.65: 0.25, 0.95: 0.25})
    people = _people(users, rng)[["session_id"]]
    return World(
        people, FIVE_CATEGORIES, _arrivals(users, rng), kinds, np.ones((users, 1)), delay=3,
        attributes_tell=False,
    )  # fmt: skip


def nothing_tells(users: int, rng: np.random.Generator) -> World:
    """Everybody arrives at once and funds at random."""
    return World(
        _people(users, rng), FIVE_CATEGORIES, rng.random(users) * 0.3, _kinds({0: 1}),
        np.ones((users, 1)), unprompted=0.02, attributes_tell=False,
    )  # fmt: skip


def roll_out(users: int, rng: np.random.Generator) -> World:
    """Three states start two weeks before the others; attributes predict nothing else."""
    people = _people(users, rng)
    is_early = people["state"].isin(["CA", "TX", "WA"])
    arrived = np.where(is_early, rng.random(users) * 4, 14 + rng.random(users) * 12)
    return World(
        people, FIVE_CATEGORIES, arrived, _kinds({0.5: 1}), np.ones((users, 1)), delay=6,
        attributes_tell=False,
    )  # fmt: skip


def burst(users: int, rng: np.random.Generator) -> World:
    """Just before the cut, many young iOS users arrive who rarely fund."""
    people = _people(users, rng)
    is_new = rng.random(users) < 0.4
    people.loc[is_new, "device"] = "iOS"
    people.loc[is_new, "age"] = rng.choice(["18-24", "25-34"], is_new.sum())
    arrived = np.where(is_new, CUT - 3.5 + 3 * rng.random(users), _arrivals(users, rng))
    factor = np.where(is_new, 0.15, 1)[:, None]
    return World(people, FIVE_CATEGORIES, arrived, _kinds({0.55: 1}), factor)


# With how many users each is measured: enough to fund, and few enough for a minute.
WORLDS: dict[Callable[[int, np.random.Generator], World], int] = {
    lasting_views: 10_000,
    short_views: 10_000,
    affinity: 10_000,
    rare_fundings: 10_000,
    one_category: 12_000,
    long_tail: 3_000,
    robots: 8_000,
    growth: 10_000,
    habit: 10_000,
    large_tickets: 10_000,
    newcomers: 12_000,
    no_attributes: 10_000,
    nothing_tells: 8_000,
    roll_out: 10_000,
    burst: 10_000,
}
