"""The project's own promises: dbt lets a typo in its YAML pass, these tests do not."""

import json
import re
import tomllib
from itertools import chain

import pytest
import yaml
from conftest import PROJECT
from dbt.jsonschemas.jsonschemas import CustomDraft7Validator, project_schema, resources_schema

PROMISED = {
    "events", "rejected_events", "users", "user_category_actions", "attribute_embeddings",
    "user_embeddings", "similar_users", "training_runs", "fund_probabilities", "campaign_audience",
    "funder_look_alikes", "push_segments", "strategy_evaluation",
}  # fmt: skip
KEYS = {
    "events": ["event_id"],
    "users": ["session_id"],
    "user_category_actions": ["session_id", "category"],
    "attribute_embeddings": ["attribute", "value"],
    "user_embeddings": ["session_id"],
    "campaigns": ["campaign", "category"],
    "similar_users": ["campaign", "session_id"],
    "training_runs": ["network", "epoch"],
    "fund_probabilities": ["session_id", "category"],
    "campaign_audience": ["campaign", "session_id"],
    "funder_look_alikes": ["campaign", "session_id"],
    "push_segments": ["campaign", "state", "age", "gender_cleaned", "device", "marital_status"],
    "strategy_evaluation": ["strategy", "campaign"],
}


@pytest.fixture(scope="module")
def manifest(sample_build) -> dict:
    return json.loads((sample_build.folder / "target" / "manifest.json").read_text())


@pytest.fixture(scope="module")
def models(manifest) -> dict:
    nodes = manifest["nodes"].values()
    return {node["name"]: node for node in nodes if node["resource_type"] in ("model", "seed")}


@pytest.fixture(scope="module")
def columns(sample_build) -> dict[str, set[str]]:
    """The columns that each table and view really has."""
    found = sample_build.query(
        "select table_name, column_name from duckdb_columns() where not internal"
    )
    return found.groupby("table_name")["column_name"].agg(set).to_dict()


def test_every_model_and_column_is_described(models, columns):
    """An analyst would meet a column that nobody explains."""
    for name, model in models.items():
        assert model["description"].strip(), name
        described = {
            key for key, column in model["columns"].items() if column["description"].strip()
        }
        assert described == set(model["columns"]), name
        if name in columns:
            assert described == columns[name], name


def test_promised_tables_have_enforced_contracts(models):
    """A column could change its name or type without anybody noticing."""
    enforced = {
        name
        for name, model in models.items()
        if model["config"].get("contract", {}).get("enforced")
    }
    assert enforced == PROMISED


def test_every_promised_key_is_tested(manifest):
    """A table could have two rows where people join on one."""
    tested: dict[str, list] = {}
    for node in manifest["nodes"].values():
        metadata = node.get("test_metadata") or {}
        if metadata.get("name") == "unique":
            tested.setdefault(node["attached_node"], []).append([node["column_name"]])
        elif metadata.get("name") == "unique_combination":
            tested.setdefault(node["attached_node"], []).append(metadata["kwargs"]["columns"])
    by_name = {unique_id.split(".")[-1]: keys for unique_id, keys in tested.items()}
    for name, key in KEYS.items():
        assert key in by_name.get(name, []), name


def test_every_yaml_key_is_one_that_dbt_knows():
    """A misspelt property, such as data_test, would pass silently and check nothing."""
    files = {file: resources_schema() for file in PROJECT.glob("models/**/*.yml")}
    files |= {file: resources_schema() for file in PROJECT.glob("seeds/*.yml")}
    files |= {PROJECT / "dbt_project.yml": project_schema()}
    assert len(files) > 15
    for file, schema in files.items():
        # What differs between engines is an expression, where dbt's schema wants its value.
        text = re.sub(r'(enabled: )"{{.*}}"', r"\1true", file.read_text())
        text = re.sub(r'(materialized: )"{{.*}}"', r"\1view", text)
        faults = CustomDraft7Validator(schema).iter_errors(yaml.safe_load(text))
        assert [f"{list(fault.path)}: {fault.message}" for fault in faults] == [], file.name


def test_what_is_said_for_one_engine_is_said_for_the_other():
    """A build on a cluster would stop at the SQL of DuckDB, or run a rule that nothing calls."""
    macros = "".join(file.read_text() for file in PROJECT.glob("macros/*.sql"))
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)', 'bootloader'\)", macros))
    for engine in ("default", "spark"):
        defined = set(re.findall(rf"macro {engine}__(\w+)\(", macros))
        assert defined == dispatched, engine


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
    extras = chain.from_iterable((project["optional-dependencies"] | groups).values())
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
    queries = (PROJECT / "python" / "bootloader" / "app" / "queries").glob("*.sql")
    statements = [re.sub(r"--.*", "", query.read_text()) for query in queries]
    read = {
        table
        for statement in statements
        for table in re.findall(r"\b(?:from|join) (\w+)", statement)
        if f"{table} as (" not in statement
    }
    # A function reads the tables that it is made of, beside itself.
    nodes = manifest["nodes"]
    for function in [name for name in read if f"model.bootloader.{name}" in nodes]:
        node = nodes[f"model.bootloader.{function}"]
        if node["config"]["materialized"] == "table_function":
            read |= {unique_id.split(".")[-1] for unique_id in node["depends_on"]["nodes"]}
    assert read - {"build"} == listed


def test_each_model_has_its_yaml_beside_it():
    """Somebody who opens a model would not find what it means and how it is tested."""
    for model in PROJECT.glob("models/*/*.*"):
        if model.suffix in (".sql", ".py"):
            assert model.with_suffix(".yml").exists(), model


def test_every_variable_of_the_marts_counts_as_one_of_their_rules():
    """A table would have rows by two settings of a variable, and nobody would know which."""
    folders = [PROJECT / "models" / name for name in ("staging", "intermediate", "marts")]
    sources = [path for folder in [*folders, PROJECT / "macros"] for path in folder.glob("*.sql")]
    used = set(re.findall(r"\bvar\('(\w+)'", "".join(path.read_text() for path in sources)))
    where_things_are = {"events_path", "marts_at", "replace_days"}
    of_later_steps = {"excluded_attributes"}
    marts = (PROJECT / "macros/marts.sql").read_text()
    bodies = re.findall(
        r"macro (?:rules_of_marts|variables_of_events)\(\)(.*?)endmacro", marts, re.S
    )
    assert len(bodies) == 2
    counted = set(re.findall(r"'(\w+)'", "".join(bodies)))
    assert used - where_things_are - of_later_steps == counted
