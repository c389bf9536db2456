from bootloader.networks.scoring import score_examples


def model(dbt, session):
    # In one order, so that each user is scored in the same batch in every build.
    examples = dbt.ref("fund_examples").filter("split in ('calibration', 'score')")
    examples = examples.order("model_cutoff, split, session_id, category")
    networks = dbt.ref("fund_network").to_arrow_table()
    return score_examples(networks, examples.to_arrow_reader(100_000))
