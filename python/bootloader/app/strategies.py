"""The ways to choose who is notified about a campaign, in the words of the seed ``strategies``."""

from dataclasses import dataclass

from bootloader.app.serving_copy import ServingCopy


@dataclass(frozen=True)
class Strategy:
    """What a growth manager calls a strategy, and how it chooses, in one sentence."""

    label: str
    explanation: str


def all_strategies(copy: ServingCopy) -> dict[str, Strategy]:
    """Return every strategy by its name, in the order of the seed."""
    rows = copy.query("strategy_words")
    return {row.strategy: Strategy(row.label, row.explanation) for row in rows.itertuples()}


def strategy_of(copy: ServingCopy, name: str) -> Strategy:
    """Return a strategy; one without a line in the seed goes by its name."""
    return all_strategies(copy).get(name, Strategy(name, ""))


def options_of(copy: ServingCopy, campaign: str) -> dict[str, str]:
    """Return what can rank a campaign's users by its name, with a warning where it did badly."""
    rows = copy.query("strategies", campaign=campaign)
    return {
        row.strategy: strategy_of(copy, row.strategy).label
        + (" (worse than random)" if row.is_worse_than_chance else "")
        for row in rows.itertuples()
    }


def labels_of(copy: ServingCopy) -> dict[str, str]:
    """Return the label of every strategy by its name, in the order of the seed."""
    return {name: strategy.label for name, strategy in all_strategies(copy).items()}
