"""What each network reads, how large it is and how it is trained; and which ones are trained."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bootloader.attributes import USER_ATTRIBUTES

# Now, and the start of the last horizon, to be measured on it. The macro `model_cutoffs` says the
# same in SQL; a test holds the two together.
NOW, HOLDOUT = 0, 2
MODEL_CUTOFFS = (NOW, HOLDOUT)


@dataclass(frozen=True)
class Schedule:
    """How a network is trained with the one-cycle policy (Smith, 2018)."""

    epochs: int
    batch_size: int
    learning_rate: float
    weight_decay: float


@dataclass(frozen=True)
class Fit:
    """One network to train: as of when, on what, and how.

    Attributes:
        network: its name in the tables.
        model_cutoff: NOW or HOLDOUT.
        categorical: the columns that it embeds.
        numbers: the columns that it reads as numbers.
        target: the column that it learns to predict.
        layers: the width of each hidden layer.
        schedule: how it is trained.
    """

    network: str
    model_cutoff: int
    categorical: tuple[str, ...]
    numbers: tuple[str, ...]
    target: str
    layers: tuple[int, ...]
    schedule: Schedule


# The reference notebook's network: its columns, a closed list, its layers and schedule.
ATTRIBUTE_NETWORK = Fit(
    network="attribute_network",
    model_cutoff=NOW,
    categorical=(
        "category", "age", "marital_status", "device", "city", "state", "zip_code",
        "gender_cleaned",
    ),
    numbers=("interval_between_actions", "latitude", "longitude"),
    target="avg_conversion_ratio",
    layers=(512, 256),
    schedule=Schedule(epochs=10, batch_size=512, learning_rate=1e-2, weight_decay=0.05),
)  # fmt: skip
# What it predicts lies within these bounds.
CONVERSION_RANGE = (0, 1.1)

CATEGORY = "category"
# What the user did in the category, and what is the same with the prefix `total_`: in all of them.
CATEGORY_COUNTS = ("views", "funds", "pending_views")
# How recent the last view and funding are: 1 for just now, 0 for never.
CATEGORY_FRESHNESS = ("view_freshness", "fund_freshness")
CATEGORY_FEATURES = (*CATEGORY_COUNTS, *CATEGORY_FRESHNESS)
COUNTS = (*CATEGORY_COUNTS, *(f"total_{name}" for name in CATEGORY_COUNTS))
# How recent the first event of the user is.
TENURE = "first_freshness"
FRESHNESS = (*CATEGORY_FRESHNESS, *(f"total_{name}" for name in CATEGORY_FRESHNESS), TENURE)
AMOUNT = "log_mean_amount"
# The horizon has two steps of half a horizon: 1, and 2 for users who did not fund in the first.
STEP = "step"
# How much of the outcome a push to the user could change. Networks know it where there were pushes,
# and score everybody as if there were none.
NOTIFIED = "notified_share"
# Views that no funding has followed yet say most, attributes a little: a small network is enough.
FUND_NETWORK = Fit(
    network="fund_network",
    model_cutoff=NOW,
    categorical=(CATEGORY, *USER_ATTRIBUTES),
    numbers=(*COUNTS, *FRESHNESS, AMOUNT, STEP),
    target="is_funded",
    layers=(64, 32),
    schedule=Schedule(epochs=5, batch_size=2048, learning_rate=2e-2, weight_decay=0.01),
)

# What a probability is explained by.
FACTORS = ("actions_in_category", "actions_elsewhere", "tenure", *USER_ATTRIBUTES)

# With few rows, smaller batches: otherwise a network would take too few steps to learn anything.
BATCHES_PER_EPOCH = 50
MIN_BATCH_SIZE = 64

# With fewer fundings after the cutoffs, a network would learn who those few people are.
MIN_FUNDINGS = 100


def fund_fits(excluded_attributes: str | Sequence[str] | None = ()) -> list[Fit]:
    """Return the fund networks to train: the one that is used, and those that are only measured.

    Args:
        excluded_attributes: an attribute, or several, that the network must not know. A network
            that knows them is then trained too, to measure what leaving them out costs; it never
            scores anybody for a campaign.

    Raises:
        ValueError: one of them is not an attribute of the network.
    """
    names = [excluded_attributes] if isinstance(excluded_attributes, str) else excluded_attributes
    excluded = {"gender_cleaned" if name == "gender" else name for name in names or []}
    if unknown := excluded - set(USER_ATTRIBUTES):
        raise ValueError(f"excluded_attributes: the network does not know {sorted(unknown)}")
    allowed = tuple(name for name in FUND_NETWORK.categorical if name not in excluded)
    wanted = [
        replace(FUND_NETWORK, categorical=allowed),
        replace(FUND_NETWORK, categorical=allowed, model_cutoff=HOLDOUT),
        replace(
            FUND_NETWORK,
            network="attributes_only",
            model_cutoff=HOLDOUT,
            categorical=allowed,
            numbers=(STEP,),
        ),
    ]
    if excluded:
        name = "fund_network_nothing_excluded"
        wanted.append(replace(FUND_NETWORK, network=name, model_cutoff=HOLDOUT))
    return wanted
