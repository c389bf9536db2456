"""The ways to choose who is notified about a campaign, in the words of the reader."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Strategy:
    """What a growth manager calls a strategy, and how it chooses, in one sentence."""

    label: str
    explanation: str


# From the one that knows most about a user to chance.
STRATEGIES: dict[str, Strategy] = {
    "fund_network": Strategy(
        "Most likely to fund",
        "A neural network learns from what users did and who they are how likely each one is to "
        "fund; the most likely come first.",
    ),
    "fund_network_nothing_excluded": Strategy(
        "Most likely to fund, nothing excluded",
        "The same network with the attributes that this project leaves out; shown for comparison, "
        "never recommended.",
    ),
    "fund_network_look_alike": Strategy(
        "Similar to recent funders",
        "Users come first who the network sees as most similar to those who went on to fund.",
    ),
    "pending_views": Strategy(
        "Viewed but not funded",
        "Users come first who viewed the most projects of the campaign's categories without "
        "funding them yet.",
    ),
    "attributes_only": Strategy(
        "Attributes only",
        "A network that knows age, gender, marital status, device and state, but nothing of what "
        "users did: about the best that a push by attributes can do.",
    ),
    "notebook_look_alike": Strategy(
        "Similar to the best funder",
        "Users come first who are most similar to the campaign's best funder: the method of the "
        "notebook that this project began with.",
    ),
    "random": Strategy(
        "Random",
        "Users are drawn at random; every other strategy has to beat this.",
    ),
}

# Shown first where no strategy is recommended: it needs no network and is easy to explain.
FALLBACK = "pending_views"

# What links of earlier versions call the strategies.
FORMER_LABELS: dict[str, str] = {
    "fund network": "fund_network",
    "fund network, nothing excluded": "fund_network_nothing_excluded",
    "look-alike by fund network": "fund_network_look_alike",
    "pending views": "pending_views",
    "look-alike by notebook": "notebook_look_alike",
    "chance": "random",
}
