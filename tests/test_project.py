"""The project's own promises: dbt lets a typo in its YAML pass, these tests do not."""

import csv
import re
import tomllib
from itertools import chain

import pytest
import yaml
from bootloader.attributes import USER_ATTRIBUTES
from conftest import PROJECT
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema
from named import is_own

pytestmark = pytest.mark.unit

# What a test can need; one of them stands at the top of each file.
KINDS = {"unit", "build", "browser", "fault", "spark"}
KEYS = {
    "build": ["build_id"],
    "events": ["event_id"],
    "users": ["session_id"],
    "user_category_actions": ["session_id", "category"],
    "attribute_embeddings": ["attribute", "value"],
    "user_embeddings": ["session_id"],
    "campaigns": ["campaign", "category"],
    "strategies": ["strategy"],
    "rejection_reasons": ["reason"],
    "similar_users": ["campaign", "session_id"],
    "training_runs": ["network", "model_cutoff", "epoch"],
    "fund_probabilities": ["session_id", "category"],
    "campaign_audience": ["campaign", "session_id"],
    "funder_look_alikes": ["campaign", "session_id"],
    "push_segments": ["campaign", *USER_ATTRIBUTES],
    "strategy_evaluation": ["strategy", "campaign"],
    "push_plan": ["campaign", "strategy", "audience_percent", "control_percent"],
    "push_eligibility": ["campaign", "session_id"],
    "push_assignments": ["push_id", "session_id"],
    "push_outcomes": ["push_id", "session_id", "outcome"],
    "push_results": ["push_id", "outcome", "day"],
    "push_checks": ["push_id", "check_name"],
    "push_effects": ["push_id", "dimension", "segment"],
    "push_program": ["strategy", "outcome"],
    "prediction_history": ["build_id", "campaign", "score_band"],
    "push_funnel": ["event_date", "source", "campaign", "category", "segment"],
}


@pytest.fixture(scope="module")
def models(manifest) -> dict:
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] in ("model", "seed")}


def test_every_model_and_column_is_described(models):
    """An analyst would meet a column that nobody explains."""
    for name, model in models.items():
        assert model["description"].strip(), name
        for key, column in model["columns"].items():
            assert column["description"].strip(), (name, key)


def test_every_public_model_has_a_contract(models):
    """A column that people query could change its name or type without anybody noticing."""
    public = {name: model for name, model in models.items() if model.get("access") == "public"}
    without = {name for name, model in public.items() if not model["contract"]["enforced"]}
    # dbt cannot enforce the contract of a table function.
    assert {public[name]["config"]["materialized"] for name in without} <= {"table_function"}
    assert len(public) - len(without) > 30


def test_every_macro_is_described(manifest):
    """Somebody who reads a model would have to read what it calls to know what it says."""
    macros = [
        macro
        for macro in manifest["macros"].values()
        if macro["original_file_path"].startswith("macros/") and is_own(macro)
    ]
    # What one engine calls a macro is described where it is called.
    own = [macro for macro in macros if not re.match("(default|spark)__", macro["name"])]
    assert len(own) > 50
    assert [macro["name"] for macro in own if not macro["description"].strip()] == []


def test_every_seed_has_the_columns_that_are_described(models):
    """dbt ignores the contract of a seed, so a column could go, or become text, unnoticed."""
    seeds = {path.stem: path for path in PROJECT.glob("seeds/*.csv")}
    assert len(seeds) > 2
    for name, path in seeds.items():
        header = path.read_text().splitlines()[0].split(",")
        assert header == list(models[name]["columns"]), name
        assert header == list(models[name]["config"]["column_types"]), name


def test_every_model_has_an_owner(manifest, models):
    """Nobody would know whom to ask about a table."""
    owned = {group["name"]: group["owner"]["name"] for group in manifest["groups"].values()}
    for name, model in models.items():
        if model["resource_type"] == "model":
            assert owned[model["group"]], name


def test_lineage_begins_with_described_sources(manifest):
    """Somebody who follows a table back would not see which files it comes from."""
    sources = manifest["sources"]
    assert all(source["description"].strip() for source in sources.values())
    read = {
        unique_id
        for node in manifest["nodes"].values()
        for unique_id in node["depends_on"].get("nodes", [])
    }
    assert set(sources) == read & set(sources) != set()
    roots = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model" and not node["depends_on"]["nodes"]
    }
    assert roots == set()


def test_every_promised_key_is_tested(manifest):
    """A table could have two rows where people join on one."""
    tested: dict[str, list] = {}
    for node in manifest["nodes"].values():
        metadata = node.get("test_metadata") or {}
        if metadata.get("name") == "unique":
            tested.setdefault(node["attached_node"], []).append([node["column_name"]])
        elif metadata.get("name") == "unique_combination":
            asked = metadata["kwargs"]
            attributes = [*USER_ATTRIBUTES] if asked.get("and_user_attributes") else []
            tested.setdefault(node["attached_node"], []).append([*asked["columns"], *attributes])
    by_name = {unique_id.split(".")[-1]: keys for unique_id, keys in tested.items()}
    for name, key in KEYS.items():
        assert key in by_name.get(name, []), name


def seed_rows(name: str) -> list[dict[str, str]]:
    """Return the lines of a seed."""
    return list(csv.DictReader((PROJECT / "seeds" / f"{name}.csv").read_text().splitlines()))


def test_every_column_of_a_seed_has_its_type_and_meaning(models):
    """A column of a public seed could change its type with a line that somebody adds."""
    seeds = [model for model in models.values() if model["resource_type"] == "seed"]
    assert seeds
    for seed in seeds:
        columns = (PROJECT / seed["original_file_path"]).read_text().split("\n")[0].split(",")
        assert list(seed["config"]["column_types"]) == columns, seed["name"]
        assert list(seed["columns"]) == columns, seed["name"]


# A record that is accepted as something other than an event.
NOT_A_REJECTION = {"push event", "refund"}
REASON = re.compile(
    r"case\b(?:(?!\bcase\b).)*?\bend as (?:validation_error|own_error|row_error|reason)\b",
    re.DOTALL,
)


def test_each_reason_for_a_rejection_has_its_words():
    """Somebody would read a reason that nothing explains, or an explanation of what never comes."""
    found = set()
    for folder in ("models/ingest", "models/quality", "models/ledgers", "macros"):
        for file in PROJECT.glob(f"{folder}/*.sql"):
            text = file.read_text()
            for block in REASON.findall(text):
                found |= set(re.findall(r"\b(?:then|else)\s+'([^']+)'", block))
            found |= set(re.findall(r"'([^']+)' as (?:validation_error|reason)\b", text))
    reasons = {row["reason"] for row in seed_rows("rejection_reasons")}
    assert found - NOT_A_REJECTION == reasons


def test_seeds_that_clusters_load_have_neither_apostrophes_nor_empty_cells():
    """A build on Spark would stop at the statement that dbt-spark makes of such a line."""
    for name in ("campaigns", "rejection_reasons", "value_mappings"):
        for row in seed_rows(name):
            assert all(cell and "'" not in cell for cell in row.values()), row


def test_every_yaml_key_is_one_that_dbt_knows():
    """A misspelled property, such as data_test, would pass silently and check nothing."""
    files = {file: resources_schema() for file in PROJECT.glob("models/**/*.yml")}
    files |= {file: resources_schema() for file in PROJECT.glob("seeds/*.yml")}
    files |= {PROJECT / "dbt_project.yml": project_schema()}
    assert len(files) > 15
    for file, schema in files.items():
        # What differs between engines is an expression, where dbt's schema wants its value.
        text = re.sub(r'"{{ target.type == .duckdb. }}"', "true", file.read_text())
        text = re.sub(r'(materialized: )"{{.*}}"', r"\1view", text)
        # What only dbt-duckdb knows.
        text = text.replace("+fast: false", "")
        faults = CustomDraft7Validator(schema).iter_errors(yaml.safe_load(text))
        assert [f"{list(fault.path)}: {fault.message}" for fault in faults] == [], file.name


def test_what_is_said_for_one_engine_is_said_for_the_other():
    """A build on a cluster would stop at the SQL of DuckDB, or run a rule that nothing calls."""
    macros = "".join(file.read_text() for file in PROJECT.glob("macros/*.sql"))
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)', 'bootloader'\)", macros))
    for engine in ("default", "spark"):
        defined = set(re.findall(rf"macro {engine}__(\w+)\(", macros))
        assert defined == dispatched, engine


def test_a_build_and_its_package_say_the_same_version():
    """Nobody could tell which code made a warehouse, or an old warehouse from a new one."""
    package = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["version"]
    assert package == project


def test_the_locks_name_each_dependency_with_a_hash():
    """Somebody would install another version than was tested, or a file that was tampered with."""
    settings = tomllib.loads((PROJECT / "pyproject.toml").read_text())
    project, groups = settings["project"], settings["dependency-groups"]
    locked = {}
    for lock in (PROJECT / "requirements.lock", PROJECT / "tests" / "spark" / "requirements.lock"):
        for block in re.split(r"\n(?=\w)", lock.read_text())[1:]:
            name, version = re.match(r"([\w.-]+)==([^ ]+)", block).groups()
            assert "--hash=sha256:" in block, name
            locked[name] = version
    # Who keeps events in these stores installs their clients, which are large.
    asked = project["optional-dependencies"] | groups
    extras = chain.from_iterable(asked[name] for name in asked.keys() - {"gs", "az"})
    wanted = {
        re.match(r"[\w.-]+", item).group(): item.split("==")[1]
        for item in (*project["dependencies"], *extras)
    }
    del wanted["torch"]
    assert {name: locked.get(name) for name in wanted} == wanted


def test_the_lock_leaves_the_build_of_torch_to_the_machine():
    """A machine without a GPU would download gigabytes of CUDA libraries."""
    names = re.findall(r"^[\w.-]+(?===)", (PROJECT / "requirements.lock").read_text(), re.MULTILINE)
    assert [name for name in names if re.match(r"torch$|triton|nvidia|cuda", name)] == []


def test_the_exposure_lists_what_the_app_reads(manifest):
    """A table could be changed or dropped although the app needs it."""
    exposure = manifest["exposures"]["exposure.bootloader.campaign_map"]
    listed = {unique_id.split(".")[-1] for unique_id in exposure["depends_on"]["nodes"]}
    package = PROJECT / "python" / "bootloader"
    files = [*package.glob("queries/*.sql"), *package.glob("app/prepare/*.sql")]
    statements = [re.sub(r"--.*|'[^']*'", "", file.read_text()) for file in files]
    # What the app makes for itself from the tables.
    made = set(re.findall(r"create (?:macro|table|view) (\w+)", "\n".join(statements)))
    made |= {"known_assignments", "push_candidates"}
    read = {
        table
        for statement in statements
        for table in re.findall(r"\b(?:from|join) (\w+)", statement)
        if not re.search(rf"\b{table}(?:\([^)]*\))? as (?:materialized )?\(", statement)
    } - made
    # A function reads the tables that it is made of, beside itself.
    nodes = manifest["nodes"]
    for function in [name for name in read if f"model.bootloader.{name}" in nodes]:
        node = nodes[f"model.bootloader.{function}"]
        if node["config"]["materialized"] == "table_function":
            read |= {unique_id.split(".")[-1] for unique_id in node["depends_on"]["nodes"]}
    assert read == listed


def test_each_model_has_its_yaml_beside_it():
    """Somebody who opens a model would not find what it means and how it is tested."""
    for model in PROJECT.glob("models/*/*.*"):
        if model.suffix in (".sql", ".py"):
            assert model.with_suffix(".yml").exists(), model
