from bootloader.networks.storing import stored_networks, train_attribute_networks


def model(dbt, session):
    rows = dbt.ref("attribute_training_rows")
    return train_attribute_networks(
        rows.order("cutoff, session_id, category").df(),
        seed=dbt.config.meta_get("random_seed"),
        stored=stored_networks(session, dbt.this),
    )
