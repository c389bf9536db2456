from bootloader.fund_network import ARROW_SCHEMA, train_fund_network


def model(dbt, session):
    examples = dbt.ref("fund_examples").filter("role in ('train', 'calibrate')")
    examples = examples.order("role, snapshot_at, session_id, category").df()
    network = train_fund_network(
        train=examples[examples["role"] == "train"],
        calibrate=examples[examples["role"] == "calibrate"],
        seed=dbt.config.meta_get("random_seed"),
    )
    return network.to_arrow() if network else ARROW_SCHEMA.empty_table()
