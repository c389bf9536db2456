"""Another dbt project that has this one as a package."""

import pytest
import yaml
from conftest import PROJECT, Build

pytestmark = pytest.mark.build

SAMPLE = str(PROJECT / "data" / "sample_events.json.gz")
PROFILES = {
    "host": {
        "target": "plain",
        "outputs": {
            # Nothing here knows the functions of this project.
            "plain": {"type": "duckdb", "path": "{{ env_var('BOOTLOADER_WAREHOUSE') }}"},
            "prod": {
                "type": "duckdb",
                "path": "{{ env_var('BOOTLOADER_WAREHOUSE') }}",
                "plugins": [{"module": "bootloader.dbt_plugin"}],
            },
        },
    }
}
# What a project switches off that plans no pushes and shows no app.
WITHOUT_PUSHES = {
    "models": {"bootloader": {key: {"+enabled": False} for key in ("pushes", "programs")}},
    "exposures": {"bootloader": {"+enabled": False}},
}


@pytest.fixture(scope="module")
def host(tmp_path_factory) -> Build:
    """A project of somebody else, with a model of its own and one of this project's users."""
    folder = tmp_path_factory.mktemp("host")
    (folder / "models").mkdir()
    (folder / "models/own.sql").write_text("select 1 as number")
    (folder / "models/own_users.sql").write_text(
        "select count(*) as users from {{ ref('bootloader', 'users') }}"
    )
    (folder / "profiles.yml").write_text(yaml.safe_dump(PROFILES))
    (folder / "packages.yml").write_text(yaml.safe_dump({"packages": [{"local": str(PROJECT)}]}))
    with_settings(folder, {})
    return Build(folder, project=folder).dbt("deps").succeeds()


def with_settings(folder, settings: dict) -> None:
    """Write the settings of the project, which is then read anew."""
    all_settings = {"name": "host", "profile": "host", "version": "1.0"} | settings
    (folder / "dbt_project.yml").write_text(yaml.safe_dump(all_settings))


@pytest.mark.parametrize("settings", [{}, WITHOUT_PUSHES], ids=["everything", "without pushes"])
def test_a_run_of_other_models_is_left_alone(host, settings):
    """Somebody's own nightly run would fail, or wait, for tables that it does not touch."""
    with_settings(host.project, settings)
    output = host.dbt("build", "--select", "own").succeeds().output
    assert host.value("select number from own") == 1
    assert "keeps showing" not in output
    assert not host.serving_copy.exists()


def test_where_no_events_are_named_the_message_says_how(host):
    """Somebody would look for the sample's path in the wrong project."""
    with_settings(host.project, {})
    host.dbt("run", "--target", "prod", "--select", "+events").fails(
        f"looked from {host.project}",
        "name your event files in dbt_project.yml: `vars: {bootloader: {events_path: ...}}`",
    )


def test_models_of_the_package_are_built_without_those_that_are_off(host):
    """Nobody could use the users alone, because the hook at the end reads what is switched off."""
    variables = {"vars": {"bootloader": {"events_path": SAMPLE, "serving_target": "prod"}}}
    with_settings(host.project, WITHOUT_PUSHES | variables)
    built = host.dbt("run", "--target", "prod", "--select", "+own_users", "campaigns").succeeds()
    assert host.value("select users from own_users") == host.value("select count(*) from users")
    assert "this one left out " in built.output
    assert "push_results" not in built.output
