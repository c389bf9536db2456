from bootloader.networks.storing import stored_networks, train_fund_networks


def model(dbt, session):
    examples = dbt.ref("fund_training_examples")
    return train_fund_networks(
        examples.order("model_cutoff, split, cutoff, step, session_id, category").df(),
        seed=dbt.config.meta_get("random_seed"),
        excluded_attributes=dbt.config.meta_get("excluded_attributes"),
        stored=stored_networks(session, dbt.this),
    )
