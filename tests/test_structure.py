"""How the models lie together: folders by subject, public tables apart from the build's own."""

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
from bootloader.attributes import USER_ATTRIBUTES
from bootloader.networks.specification import FUND_NETWORK, MODEL_CUTOFFS, STEP
from conftest import PROJECT

pytestmark = pytest.mark.unit

# In the order of the flow.
FOLDERS = (
    "ingest", "profiles", "quality", "ledgers", "findings", "lookalikes", "funding", "audiences",
    "segments", "evaluation", "pushes", "programs",
)  # fmt: skip
MOST_MODELS_IN_A_FOLDER = 12
MOST_MODELS_IN_A_CHAIN = 20
MOST_VIEWS_IN_A_RUN = 5
# Half of them are the dialect of Spark, and reading what exports hold.
MOST_LINES_OF_MACROS = 1350
ENGINES = ("default", "spark")


@pytest.fixture(scope="module")
def models(manifest) -> dict[str, dict]:
    """The project's models by unique id, as dbt sees them."""
    nodes = manifest["nodes"].items()
    return {key: node for key, node in nodes if node["resource_type"] == "model"}


@pytest.fixture(scope="module")
def folders(models) -> dict[str, str]:
    """The folder of each model."""
    return {key: model["fqn"][1] for key, model in models.items()}


def test_models_read_only_their_own_and_earlier_folders(models, folders):
    """Somebody who follows the data through the folders would be sent back, or in a circle."""
    backwards = [
        f"{model['name']} ({folders[key]}) reads {models[read]['name']} ({folders[read]})"
        for key, model in models.items()
        for read in model["depends_on"]["nodes"]
        if read in models and FOLDERS.index(folders[read]) > FOLDERS.index(folders[key])
    ]
    assert backwards == []


def test_no_folder_is_called_like_a_model(models, folders):
    """Somebody who selects the model would get all of the folder instead."""
    assert {model["name"] for model in models.values()} & set(folders.values()) == set()


def test_no_folder_holds_more_than_a_dozen_models(folders):
    """A newcomer could not find a model by looking through its folder."""
    crowded = {
        name: models
        for name, models in Counter(folders.values()).items()
        if models > MOST_MODELS_IN_A_FOLDER
    }
    assert crowded == {}


def test_public_tables_and_no_others_are_in_the_schema_that_people_query(models):
    """An analyst would find intermediate results among the tables that are promised."""
    schemas = {access: set() for access in ("public", "protected")}
    for model in models.values():
        if model["config"]["materialized"] != "ephemeral":
            schemas[model["access"]].add(model["schema"])
    assert schemas == {"public": {"main"}, "protected": {"main_internal"}}


def listed_in_sql(macro: str) -> list:
    """Return the list that a macro gives, without calling it."""
    text = "".join(file.read_text() for file in PROJECT.glob("macros/*.sql"))
    found = re.search(rf"macro {macro}\(\).*?return\((\[.*?\])\)", text, re.DOTALL)
    return ast.literal_eval(re.sub(r"\s+", " ", found.group(1)))


def imports(file: Path) -> set[str]:
    """Return the modules that a Python file imports."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def is_of_the_app(module: str) -> bool:
    """Return whether a module is the app, or a part of it."""
    return module == "bootloader.app" or module.startswith("bootloader.app.")


def test_only_the_app_imports_the_app():
    """A command that plans a push or reads files would fail where the app cannot be imported."""
    package = PROJECT / "python" / "bootloader"
    files = [file for file in package.rglob("*.py") if package / "app" not in file.parents]
    assert len(files) > 10
    upward = [file.name for file in files if any(is_of_the_app(name) for name in imports(file))]
    assert upward == []


def test_sql_and_python_list_the_same_user_attributes_and_features():
    """Segments would be cut by an attribute, or the network learn a feature, that is not there."""
    assert set(listed_in_sql("user_attributes")) == set(USER_ATTRIBUTES)
    features = {*FUND_NETWORK.numbers} - {STEP}
    assert set(listed_in_sql("fund_features")) == features


def test_sql_and_python_fit_networks_as_of_the_same_cutoffs():
    """A hold-out would be scored by a network that was never trained, or by one that knows it."""
    text = (PROJECT / "macros" / "cutoffs.sql").read_text()
    holdout = re.search(r"macro holdout_cutoff\(\) -%}(\d+)", text).group(1)
    now = re.search(r"macro model_cutoffs\(\) -%}(\d+), {{ holdout_cutoff\(\) }}", text).group(1)
    assert (int(now), int(holdout)) == MODEL_CUTOFFS


def longest_chain(models: dict[str, dict], last: str, *, only: tuple[str, ...] = ()) -> list[str]:
    """Return the longest way to a model, of models that are materialized like that."""

    @cache
    def way(key: str) -> list[str]:
        model = models[key]
        if only and model["config"]["materialized"] not in only:
            return []
        before = [way(read) for read in model["depends_on"]["nodes"] if read in models]
        return [*max(before, key=len, default=[]), model["name"]]

    return way(last)


def test_the_way_to_an_audience_is_short(models):
    """Nobody would follow an event through two dozen models."""
    chain = longest_chain(models, "model.bootloader.campaign_audience")
    assert len(chain) <= MOST_MODELS_IN_A_CHAIN, chain


def test_views_are_not_piled_up(models):
    """A query of one view would compute half of the project, again for each that reads it."""
    runs = [longest_chain(models, key, only=("view", "ephemeral")) for key in models]
    longest = max(runs, key=len)
    assert len(longest) <= MOST_VIEWS_IN_A_RUN, longest


def test_how_models_are_built_stands_in_one_place():
    """Somebody would change the materialization of a folder, and some of its models stay."""
    said = [
        file.name
        for file in PROJECT.glob("models/**/*.*")
        if re.search(r"materialized\s*[:=](?!\s*'table_function')", file.read_text())
    ]
    assert said == []


def test_macros_are_few_and_written_like_the_models():
    """What a model does would be hidden in a second program, in lines that nobody can read."""
    lines = [
        (f"{file.name}:{number}", line)
        for file in sorted(PROJECT.glob("macros/*.sql"))
        for number, line in enumerate(file.read_text().splitlines(), 1)
    ]
    assert 400 < len(lines) <= MOST_LINES_OF_MACROS
    assert [place for place, line in lines if len(line) > 100] == []
    assert [place for place, line in lines if line != line.rstrip() or "\t" in line] == []
    indents = {place: len(line) - len(line.lstrip()) for place, line in lines if line}
    assert [place for place, indent in indents.items() if indent % 4] == []


def test_nothing_is_found_by_its_position_in_a_list():
    """A field appended to a list would shift all others, and a city become a zip code."""
    sources = [*PROJECT.glob("models/**/*.sql"), *PROJECT.glob("macros/*.sql")]
    slices = re.compile(r"\w\(\)\[|\w\[-?\d*:-?\d*\]|\w\.\w+\[\d+\]")
    found = [
        f"{file.name}: {line.strip()}"
        for file in sources
        for line in file.read_text().splitlines()
        # The keys of one path, from the outside in, and the only column of a query.
        if slices.search(line) and "keys[" not in line and ".columns[0]" not in line
    ]
    assert found == []


def variables_named_by(manifest: dict, names: list[str]) -> set[str]:
    """Return the variables that some models name, and all macros that they call."""
    wanted = [manifest["nodes"][f"model.bootloader.{name}"] for name in names]
    code, seen = [node["raw_code"] for node in wanted], set()
    while wanted:
        for key in wanted.pop()["depends_on"]["macros"]:
            package, name = key.split(".")[1:]
            # A macro that dispatches calls the one of its engine.
            names_of_engines = [f"macro.{package}.{engine}__{name}" for engine in ENGINES]
            for called in {key, *names_of_engines} & manifest["macros"].keys() - seen:
                if package == "bootloader":
                    seen.add(called)
                    wanted.append(manifest["macros"][called])
                    code.append(manifest["macros"][called]["macro_sql"])
    return set(re.findall(r"\bvar\('(\w+)'", "\n".join(code)))


def test_every_variable_that_decides_what_an_event_is_makes_files_be_read_again(manifest):
    """A table would have rows by two settings of a variable, and nobody would know which."""
    # Where the files are, and what a cluster reads of them.
    of_files = {"events_path", "replace_days"}
    named = variables_named_by(manifest, listed_in_sql("models_of_records")) - of_files
    assert named == set(listed_in_sql("variables_of_records"))


def test_the_fingerprint_of_marts_covers_what_they_are_made_by(manifest, models):
    """Marts of a cluster would be imported that other rules or variables have made."""
    marts = [model for model in models.values() if "mart" in model["tags"]]
    assert {model["name"] for model in marts} > {"events", "users", "user_category_features"}
    seeds = {key for model in marts for key in model["depends_on"]["nodes"] if "seed." in key}
    assert {key.split(".")[-1] for key in seeds} == set(listed_in_sql("seeds_of_marts"))
    named = variables_named_by(manifest, [model["name"] for model in marts])
    assert named - {"events_path", "replace_days"} == {
        *listed_in_sql("variables_of_records"), *listed_in_sql("variables_of_users"),
    }  # fmt: skip
