from bootloader.attribute_network import train_attribute_networks
from bootloader.training import earlier_networks


def model(dbt, session):
    rows = dbt.ref("attribute_training_rows")
    return train_attribute_networks(
        rows.order("cutoff, session_id, category").df(),
        seed=dbt.config.meta_get("random_seed"),
        earlier=earlier_networks(session, dbt.this),
    )
