"""How the models lie together: folders by subject, public tables apart from the build's own."""

import ast
import re
from collections import Counter
from pathlib import Path

import pytest
from bootloader.attributes import USER_ATTRIBUTES
from conftest import PROJECT

pytestmark = pytest.mark.unit

# In the order of the flow.
FOLDERS = (
    "ingest", "profiles", "quality", "ledgers", "lookalikes", "funding", "audiences", "segments",
    "evaluation", "pushes",
)  # fmt: skip
MOST_MODELS_IN_A_FOLDER = 12


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


def listed_in_sql(macro: str) -> list[str]:
    """Return the list that a macro of the user attributes gives."""
    text = (PROJECT / "macros" / "user_attributes.sql").read_text()
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


def test_sql_and_python_list_the_same_user_attributes():
    """Segments would be cut by an attribute that the network or the app does not know."""
    assert listed_in_sql("user_attributes") == list(USER_ATTRIBUTES)
    assert set(USER_ATTRIBUTES) <= set(listed_in_sql("user_columns"))
