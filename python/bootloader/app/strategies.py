"""The ways to choose whom to tell about a campaign, in words."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Strategy:
    """What a growth manager calls a strategy, and how it chooses, in one sentence."""

    label: str
    explanation: str


# From the one that knows most of a user to chance.
STRATEGIES: dict[str, Strategy] = {
    "fund_network": Strategy(
        "Fund network",
        "A neural network learns from what users did and who they are how likely each is to fund; "
        "the likeliest come first.",
    ),
    "fund_network_nothing_excluded": Strategy(
        "Fund network, nothing excluded",
        "The fund network with the attributes that this project leaves out; "
        "shown for comparison only, never recommended.",
    ),
    "fund_network_look_alike": Strategy(
        "Look-alike by fund network",
        "Users come first whom the fund network sees as most like those who went on to fund.",
    ),
    "pending_views": Strategy(
        "Pending views",
        "Users come first who viewed most projects of the campaign's categories "
        "without having funded yet.",
    ),
    "attributes_only": Strategy(
        "Attributes only",
        "A network that knows age, gender, marital status, device and state, "
        "but nothing of what users did; about the best that a push by attributes can do.",
    ),
    "notebook_look_alike": Strategy(
        "Look-alike by notebook",
        "Users come first who are most like the campaign's best funder, "
        "as in the notebook that this project began with.",
    ),
    "random": Strategy(
        "Chance",
        "Users are drawn by lot; what every other strategy has to beat.",
    ),
}
