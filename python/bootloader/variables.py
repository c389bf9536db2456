"""The variables of dbt, in one table: what each may be, and what it means.

The check at the start of a build and the table in docs/configuration.md come from here; to write
the latter again, run ``python -m bootloader.variables``. Defaults stand in ``dbt_project.yml``.
A new variable needs a default there, an entry here, and a value to try in
``tests/test_variables_in_builds.py``.
"""

import json
import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import yaml

from bootloader.attributes import USER_ATTRIBUTES

PROJECT = Path(__file__).parents[2]
PAGE = PROJECT / "docs" / "configuration.md"
# Between these two lines of the page stands the table.
BEGIN = "<!-- Written by `python -m bootloader.variables`. -->"
END = "<!-- Up to here. -->"


@dataclass(frozen=True)
class Rule:
    """What a variable may be: in words that follow "must be", and as a question."""

    words: str
    allows: Callable[[Any], bool]


@dataclass(frozen=True)
class Variable:
    """A variable, with an example as it is written in YAML."""

    name: str
    rule: Rule
    example: str
    meaning: str


def _is_number(value: Any) -> bool:
    # Nothing compares with NaN.
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e18


def _is_text(value: Any) -> bool:
    """Tell whether a value is text that shows something, without control characters."""
    return (
        isinstance(value, str)
        and bool(value.strip())
        # Control characters, halves of surrogate pairs, and what ends a line or a paragraph.
        and not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in value)
    )


def _whole(minimum: int, maximum: float = math.inf) -> Rule:
    return Rule(
        f"a whole number of at least {minimum:,}"
        if maximum == math.inf
        else f"a whole number from {minimum:,} to {maximum:,}",
        lambda value: (
            isinstance(value, int) and not isinstance(value, bool) and minimum <= value <= maximum
        ),
    )


def _above_zero(maximum: float, unit: str = "") -> Rule:
    return Rule(
        f"a number{unit} above 0 and at most {maximum:,}",
        lambda value: _is_number(value) and 0 < value <= maximum,
    )


def _one_of(choices: Iterable[str]) -> Rule:
    *others, last = choices
    return Rule(f"{', '.join(others)} or {last}", lambda value: value in (*others, last))


def _none_or(rule: Rule) -> Rule:
    return Rule(f"null or {rule.words}", lambda value: value is None or rule.allows(value))


def _one_or_list(rule: Rule, words: str, *, minimum: int) -> Rule:
    return Rule(
        words,
        lambda value: (
            len(value) >= minimum and all(map(rule.allows, value))
            if isinstance(value, list)
            else rule.allows(value)
        ),
    )


_YES_OR_NO = Rule("true or false", lambda value: isinstance(value, bool))
_TEXT = Rule("text without control characters", _is_text)
_FILES = _one_or_list(_TEXT, "a file, a glob, or a list of them", minimum=1)
_EXCLUDABLE = [name.removesuffix("_cleaned") for name in USER_ATTRIBUTES]
_ATTRIBUTES = _one_or_list(
    _one_of(_EXCLUDABLE), f"a list of any of {', '.join(_EXCLUDABLE)}", minimum=0
)
_DAYS = _above_zero(3650, " of days")
_AT_LEAST_ONE = _whole(1)
_CAP = Rule(
    f"{{count: ..., days: ...}}, with {_AT_LEAST_ONE.words} and {_DAYS.words}",
    lambda value: (
        isinstance(value, dict)
        and value.keys() == {"count", "days"}
        and _AT_LEAST_ONE.allows(value["count"])
        and _DAYS.allows(value["days"])
    ),
)
_KEYS = Rule(
    "a mapping from fields of an event to keys of your records, or lists of keys",
    lambda value: (
        isinstance(value, dict)
        and all(map(_is_text, value))
        and all(keys != [] for keys in value.values())
    ),
)
# Names of SQL, with or without quotes.
_NAME = r'(?:[^\W\d]\w*|"(?:[^"]|"")+")'
_RELATION = Rule(
    "the name of a model, or of a table or view with its schema",
    lambda value: (
        _is_text(value) and re.fullmatch(rf"{_NAME}(\.{_NAME}){{0,2}}", value) is not None
    ),
)
# The macro `is_files` tells the same.
_FILE = re.compile(r"[/*]|[.](csv|tsv|txt|json|jsonl|ndjson|parquet|gz|zip|bz2|xz)$")
_RELATION_OR_FILES = Rule(
    f"{_RELATION.words}, or a file or a glob",
    lambda value: _is_text(value) and (_FILE.search(value) is not None or _RELATION.allows(value)),
)
_CURRENCY = Rule(
    "a code of ISO 4217",
    lambda value: isinstance(value, str) and re.fullmatch("[A-Z]{3}", value) is not None,
)
_TIME_ZONE = Rule(
    "the name of a time zone", lambda value: _is_text(value) and value in available_timezones()
)

# A number of milliseconds since 1980 is larger than the number of seconds until 9999, so that it
# can be told from its size what a number counts.
_FIRST_MOMENT = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC).timestamp()


def second_of(moment: Any) -> float | None:
    """Return the UNIX second of a moment, and none where it is not one.

    The macro ``as_second`` gives SQL the same.

    Args:
        moment: a UNIX second, or an ISO date or timestamp, which is UTC unless it has an offset.
    """
    if _is_number(moment):
        return moment
    if isinstance(moment, date | str):
        text = str(moment)
        try:
            return float(text)
        except ValueError:
            pass
        try:
            parsed = datetime.fromisoformat(text)
        except ValueError:
            return None
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    return None


def _is_moment(value: Any) -> bool:
    second = second_of(value)
    # Nothing compares with what is not a number.
    return second is not None and _FIRST_MOMENT <= second <= _LAST_MOMENT


_MOMENT = Rule("an ISO date or timestamp, or a UNIX second, from 1980 to 9999", _is_moment)

VARIABLES = (
    Variable(
        "events_path", _FILES, "exports/*.json.gz",
        "the event files, here or in a store such as `s3://`: [input](input.md)",
    ),
    Variable(
        "events_relation", _none_or(_RELATION), "stg_events",
        "events from a model or a table in place of files: [input](input.md)",
    ),
    Variable(
        "event_fields", _KEYS,
        "{session_id: [user_id, anonymous_id], category: properties.category}",
        "where records have the fields of an event under other names: a key, a path with dots "
        "(also into JSON text), or a list of these, of which the first that is not empty counts",
    ),
    Variable(
        "user_aliases", _none_or(_RELATION_OR_FILES), "exports/aliases.csv",
        "which ids are one user: a relation or files with `session_id`, `other_session_id` and, if "
        "known, `aliased_at`",
    ),
    Variable(
        "max_aliases", _whole(2, 1000), "10",
        "ids that would make one user of more ids than this stay apart, and a warning names them",
    ),
    Variable("view_event", _TEXT, "View Project", "how the source spells that a user viewed"),
    Variable("fund_event", _TEXT, "Fund Project", "how the source spells that a user funded"),
    Variable(
        "refund_event", _TEXT, "Refund Project",
        "how the source spells that a funding was paid back; so does a funding with a negative "
        "amount",
    ),
    Variable(
        "currency", _CURRENCY, "EUR",
        "what amounts are in; an amount in another currency is rejected",
    ),
    Variable(
        "decimal_mark", _one_of([".", ","]), "','",
        "with a comma, `1.234,56` and `12,50 €` are amounts",
    ),
    Variable(
        "business_time_zone", _TIME_ZONE, "America/New_York",
        "where days begin, in daily tables and for pushes",
    ),
    Variable(
        "as_of", _none_or(_MOMENT), "2014-03-22",
        "only events strictly before this moment count, everywhere; UTC unless it has an offset",
    ),
    Variable(
        "earliest_client_time", _MOMENT, "2000-01-01",
        "an event before this moment is rejected",
    ),
    Variable(
        "latest_client_time", _MOMENT, "2100-01-01",
        "an event at or after this moment is rejected",
    ),
    Variable(
        # Above that, Spark and DuckDB do not write an amount alike.
        "amount_limit", _above_zero(10**13), "1000000",
        "in `currency`: an event with this amount or more is rejected, so that sums stay exact",
    ),
    Variable(
        # A record has to fit into what is read at once, 64 MiB.
        "max_record_bytes", _whole(1_000, 64_000_000), "1000000",
        "a longer record is rejected; the rest of its file is read",
    ),
    Variable(
        "unknown_gender", _one_of(["F", "M", "U"]), "U",
        "the gender of a user if no event gives it; `M` repeats the notebook",
    ),
    Variable(
        "horizon_days", _DAYS, "14",
        "how far ahead the fund network predicts, and how long the hold-out is",
    ),
    Variable(
        "excluded_attributes", _ATTRIBUTES, "[gender]",
        "what neither the fund network nor a segment may use; the tables then show what that "
        "costs. The notebook's strategy still uses all attributes, so it is never recommended then",
    ),
    Variable(
        "max_categories", _whole(0), "100",
        "users are scored for every category if there are at most this many, otherwise only for "
        "the categories of campaigns",
    ),
    Variable(
        "most_training_rows", _whole(1_000), "1000000",
        "the most rows (user, category and cutoff) that a network learns from; if there are more, "
        "it learns from a sample. A million rows take about 1 GB of memory",
    ),
    Variable(
        "random_seed", _whole(0, 2**32 - 1), "7",
        "seeds the training; on CPUs of one kind the same seed gives the same bits",
    ),
    Variable(
        "max_segment_attributes", _whole(1, len(USER_ATTRIBUTES)), "2",
        "how many attributes a segment may combine",
    ),
    Variable("min_segment_users", _AT_LEAST_ONE, "100", "how many users a segment must have"),
    Variable(
        "false_discovery_rate", Rule(
            "a number above 0 and below 1", lambda value: _is_number(value) and 0 < value < 1
        ), "0.1",
        "the expected share of false discoveries among the recommended segments",
    ),
    Variable(
        "assignments_path", _none_or(_FILES), "pushes/*/assignments.parquet",
        "the ledgers of pushes, which `python -m bootloader.plan_push` writes",
    ),
    Variable("push_sent_event", _TEXT, "Push Sent", "how the source spells that a push was sent"),
    Variable(
        "push_delivered_event", _TEXT, "Push Delivered",
        "how the source spells that a push was delivered",
    ),
    Variable(
        "impression_event", _TEXT, "Impression",
        "how the source spells that a user saw a push, or a project in the app",
    ),
    Variable(
        "push_opened_event", _TEXT, "Push Opened", "how the source spells that a push was opened"
    ),
    Variable(
        "push_opt_out_event", _TEXT, "Push Opt-out",
        "how the source spells that a user wants no more pushes; names of push events are compared "
        "without case and surrounding spaces",
    ),
    Variable(
        "push_opt_in_event", _TEXT, "Push Opt-in",
        "how the source spells that a user wants pushes again; the later of the two counts",
    ),
    Variable(
        "max_pushes", _CAP, "{count: 1, days: 30}",
        "the most pushes that a user may get within a number of days",
    ),
    Variable(
        "serving_target", _TEXT, "duckdb",
        "only builds of this target replace the app's serving copy",
    ),
    Variable(
        "replace_days", _YES_OR_NO, "true",
        "on Spark: read again only the days in the files' paths ([scale](scale.md))",
    ),
)  # fmt: skip

NAMES = [variable.name for variable in VARIABLES]
_EVENT_NAMES = [name for name in NAMES if name.endswith("_event")]


def _shared_event_names(values: Mapping[str, Any]) -> Iterable[str]:
    """Say which names of events are the same but for case and white space."""
    first: dict[str, str] = {}
    for name in _EVENT_NAMES:
        spelled = values[name].strip().casefold()
        if spelled in first:
            yield (
                f"{name}: {_shown(values[name])} is also {first[spelled]}. "
                "Give each kind of event a name of its own."
            )
        first.setdefault(spelled, name)


def _moments_out_of_order(values: Mapping[str, Any]) -> Iterable[str]:
    """Say which moments leave no event that counts."""
    earliest, latest = values["earliest_client_time"], values["latest_client_time"]
    start, end = second_of(earliest), second_of(latest)
    if start is None or end is None or start >= end:
        yield (
            f"earliest_client_time: {_shown(earliest)} is not before latest_client_time, "
            f"{_shown(latest)}: no event would be accepted."
        )
        return
    as_of = second_of(values["as_of"])
    if as_of is not None and as_of <= start:
        yield (
            f"as_of: {_shown(values['as_of'])} is not after earliest_client_time, "
            f"{_shown(earliest)}: no event would count."
        )
    if as_of is not None and as_of > end:
        yield (
            f"as_of: {_shown(values['as_of'])} is after latest_client_time, {_shown(latest)}: "
            "no event may be that late."
        )


# Each with the variables that it needs, which are asked once they are good by themselves.
_RELATIONS: tuple[tuple[list[str], Callable[[Mapping[str, Any]], Iterable[str]]], ...] = (
    (_EVENT_NAMES, _shared_event_names),
    (["as_of", "earliest_client_time", "latest_client_time"], _moments_out_of_order),
)


def _shown(value: Any) -> str:
    """Show a value as YAML spells it, on one line that hides nothing and is not too long."""
    special = {None: "null", True: "true", False: "false"}
    is_special = value is None or isinstance(value, bool)
    text = special[value] if is_special else str(value) if isinstance(value, date) else repr(value)
    return text if len(text) <= 100 else f"{text[:97]}..."


def fault_of(name: str, value: Any) -> str | None:
    """Return what is wrong with the value of one variable, and none where it is allowed."""
    variable = VARIABLES[NAMES.index(name)]
    if variable.rule.allows(value):
        return None
    return f"{name}: {_shown(value)} must be {variable.rule.words}, such as {variable.example}."


def check_variables(
    values: Mapping[str, Any], *, event_fields: Collection[str] = (), given: Iterable[object] = ()
) -> list[str]:
    """Return what is wrong with the values of variables, one message each.

    Args:
        values: all of :data:`VARIABLES`, as YAML gives them.
        event_fields: the fields of an event, the only ones that the variable of that name may map.
        given: the names that somebody has set, which may be misspelled.
    """
    faults = {name: fault for name in NAMES if (fault := fault_of(name, values[name]))}
    misspelled = [
        f"{name}: there is no such variable. Did you mean {meant}?"
        for name, meant in unknown_variables(given).items()
        if meant
    ]
    fields = [
        f"event_fields: {_shown(field)} is not a field of an event, such as "
        f"{', '.join(event_fields)}."
        for field in ([] if "event_fields" in faults else values["event_fields"])
        if field not in event_fields
    ]
    paths = [
        f"event_fields: {_shown(path)} for {field} must be a key, or keys with dots between them, "
        "such as properties.category."
        for field, given in ([] if "event_fields" in faults else values["event_fields"].items())
        for path in (given if isinstance(given, list) else [given])
        if not (_is_text(path) and all(key.strip() for key in path.split(".")))
    ]
    related = [
        message
        for names, relation in _RELATIONS
        if not faults.keys() & set(names)
        for message in relation(values)
    ]
    return [*faults.values(), *misspelled, *fields, *paths, *related]


def unknown_variables(given: Iterable[object]) -> dict[str, str | None]:
    """Return which of some names are not in the table, with the one that is probably meant."""
    # YAML may take a name for a number.
    unknown = [str(name) for name in given if name not in NAMES]
    close = {name: get_close_matches(name, NAMES, n=1, cutoff=0.8) for name in unknown}
    return {name: matches[0] if matches else None for name, matches in close.items()}


def list_variables(question: str) -> str:
    """Answer the macro that looks up all variables, which asks nothing in particular.

    Returns:
        ``{"names": [name, ...]}`` as JSON.
    """
    return json.dumps({"names": NAMES})


def answer_variables(question: str) -> str:
    """Check the variables of a build.

    Args:
        question: the arguments of :func:`check_variables` by name as JSON, with the values as a
            text of YAML, which has dates.

    Returns:
        ``{"problem": messages}`` as JSON where something is wrong, and ``{"unknown": names}`` where
        somebody has set what is like no variable of this project.
    """
    arguments = json.loads(question)
    arguments["values"] = yaml.safe_load(arguments["values"])
    if faults := check_variables(**arguments):
        return json.dumps({"problem": "\n- ".join(["Nothing was built.", *faults])})
    unknown = unknown_variables(arguments["given"])
    return json.dumps({"unknown": list(unknown)})


def defaults() -> dict[str, Any]:
    """Return the values that ``dbt_project.yml`` gives the variables."""
    return yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"]


def markdown_table() -> str:
    """Return the variables as a table of docs/configuration.md."""
    lines = ["| variable | default | may be | meaning |", "|---|---|---|---|"]
    for variable in VARIABLES:
        default = defaults()[variable.name]
        shown = yaml.safe_dump(default, default_flow_style=True).removesuffix("...\n").strip()
        lines.append(
            f"| `{variable.name}` | `{default if isinstance(default, str) else shown}` "
            f"| {variable.rule.words} | {variable.meaning} |"
        )
    return "\n".join(lines)


def page_with_table(page: str) -> str:
    """Return the page with the present table in place of the one between its two lines."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{markdown_table()}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(page_with_table(PAGE.read_text()))
