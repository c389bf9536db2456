from bootloader.attribute_network import train_attribute_networks
from bootloader.training import earlier_networks


def model(dbt, session):
    # Now, and as of the beginning of the last horizon, to be measured on it.
    histories = dbt.ref("user_category_histories").filter("snapshot in (0, 2)")
    return train_attribute_networks(
        histories.order("snapshot, session_id, category").df(),
        seed=dbt.config.meta_get("random_seed"),
        earlier=earlier_networks(session, dbt.this),
    )
