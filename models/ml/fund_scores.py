from bootloader.fund_network import score_examples


def model(dbt, session):
    # In one order, so that each user is scored in the same batch in every build.
    examples = dbt.ref("fund_examples").filter("role = 'score'").order("session_id, category")
    network = dbt.ref("fund_network").to_arrow_table()
    return score_examples(network, examples.to_arrow_reader(100_000))
